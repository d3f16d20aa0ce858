/* model/connection_audit.h - what can happen to connections to providers: rows of
 * model/audit_kinds.h. */
KIND(APP_CREATED, "OAuthCredentialsCreated", WARNING, SUCCESS, ORDINARY,
     "An application at a provider was set")
KIND(APP_CHANGED, "OAuthCredentialsModified", WARNING, SUCCESS, ORDINARY,
     "An application at a provider was changed")
KIND(APP_DELETED, "OAuthCredentialsDeleted", WARNING, SUCCESS, ENDS_RIGHT,
     "An application at a provider was deleted")
KIND(APP_REOPENED, "ProviderAppReopened", WARNING, SUCCESS, ORDINARY,
     "What a provider had refused to an application before a moment was permitted again")
KIND(TOKENS_SET, "ProviderTokensSet", INFO, SUCCESS, ORDINARY,
     "Tokens of a provider were brought by their owner")
KIND(CONNECT_STARTED, "ProviderConnectStarted", INFO, SUCCESS, ORDINARY,
     "A link to connect a provider was made")
KIND(CONNECT_FOLLOWED, "ProviderConnectFollowed", INFO, SUCCESS, ORDINARY,
     "A link to connect a provider was followed")
KIND(CONNECT_CALLED_BACK, "ProviderConnectCalledBack", INFO, SUCCESS, ORDINARY,
     "A provider sent a user back")
KIND(CONNECT_FAILED, "ProviderConnectFailed", WARNING, FAILURE, ORDINARY,
     "A provider was not connected")
KIND(CONNECTED, "ProviderConnected", INFO, SUCCESS, ORDINARY,
     "A provider was connected")
KIND(DISCONNECTED, "ProviderDisconnected", INFO, SUCCESS, ENDS_RIGHT,
     "A provider was disconnected")
KIND(DISCONNECT_TOLD, "ProviderRevoked", INFO, SUCCESS, ORDINARY,
     "Tokens of a connection that was ended were revoked at the provider, or dropped")
KIND(NOTIFIED, "NotificationWritten", INFO, SUCCESS, ORDINARY,
     "A user was told something")
KIND(TOKENS_SAVED, "ProviderTokensSaved", INFO, SUCCESS, ORDINARY,
     "Tokens that a provider gave for a code were saved")
KIND(TOKENS_REFRESHED, "ProviderTokensRefreshed", INFO, SUCCESS, ORDINARY,
     "Tokens of a connection were renewed by the provider")
KIND(TOKENS_UNCERTAIN, "ProviderTokensUncertain", WARNING, FAILURE, ORDINARY,
     "A provider did not answer to a refresh: the refresh token may be spent")
KIND(TOKENS_LATE, "ProviderTokensLate", INFO, SUCCESS, ORDINARY,
     "New tokens came for a connection that was ended or set anew meanwhile: they are revoked")
KIND(REAUTH_REQUIRED, "ProviderReauthRequired", WARNING, FAILURE, ORDINARY,
     "A provider does not accept a connection any more")
