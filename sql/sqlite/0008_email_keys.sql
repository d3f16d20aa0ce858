-- Spellings of one e-mail address are one account: ü and Ü, composed or not, and
-- müller.de beside xn--mller-kva.de.

-- The canonical form of this address, when it is that of another account too: the
-- row keeps the key of an older schema then. NULL of all other rows.
ALTER TABLE users ADD COLUMN email_key_shared TEXT;
CREATE INDEX users_email_key_shared_idx ON users (email_key_shared)
	WHERE email_key_shared IS NOT NULL;

-- What SQL cannot do: the canonical form of an address.
-- function: migrate_email_keys
