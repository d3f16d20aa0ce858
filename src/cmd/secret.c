/*
 * cmd/secret.c - reads one password or value for a command. Puts the terminal back as it
 * was, also when a signal ends the question.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/str.h"
#include "cmd/secret.h"

#define SECRET_MAX 1024

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	interrupted = sig;
}

/* One line without its end; false at a signal, an error or too long a line. */
static bool read_line(int fd, char *buf, size_t size)
{
	size_t n = 0;

	while (n < size) {
		ssize_t got = read(fd, buf + n, 1);

		if (got < 0)
			return false;
		if (got == 0 || buf[n] == '\n') {
			n -= got == 1 && n > 0 && buf[n - 1] == '\r';
			buf[n] = '\0';
			return true;
		}
		n++;
	}
	errno = EMSGSIZE;
	return false;
}

static bool cannot_read(const struct cmd_args *args, struct err *err_r)
{
	return err_set(err_r, ERR_CONFIG, "cannot read %s: %s", args->password_file, strerror(errno));
}

bool secret_open(const struct cmd_args *args, int *fd_r, struct err *err_r)
{
	const char *file = args->password_file;

	*fd_r = -1;
	if (!file)
		return true;
	*fd_r = str_eq(file, "-") ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
				  : open(file, O_RDONLY | O_CLOEXEC);
	return *fd_r >= 0 || cannot_read(args, err_r);
}

static bool ask(const char *prompt, char *buf)
{
	if (write(STDERR_FILENO, prompt, strlen(prompt)) < 0)
		return false;
	if (!read_line(STDIN_FILENO, buf, SECRET_MAX))
		return false;
	return write(STDERR_FILENO, "\n", 1) == 1;
}

static bool ask_twice(const struct cmd_args *args, const char **out, struct err *err_r)
{
	char *first = arena_alloc(args->arena, SECRET_MAX), *again = arena_alloc(args->arena, SECRET_MAX);

	if (!ask(args->cmd->value ? "Value: " : "Password: ", first) || !ask("Once more: ", again))
		return err_set(err_r, ERR_CONFIG, "nothing was read");
	if (strcmp(first, again) != 0)
		return err_set(err_r, ERR_CONFIG, "the two entries differ");
	*out = first;
	return true;
}

static bool ask_without_echo(const struct cmd_args *args, const char **out, struct err *err_r)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	const size_t n = sizeof(signals) / sizeof(signals[0]);
	struct sigaction action = { .sa_handler = on_signal }, old[4];
	struct termios before, silent;
	bool done;

	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return err_set(err_r, ERR_CONFIG, "cannot silence the terminal: %s", strerror(errno));
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	for (size_t i = 0; i < n; i++)
		sigaction(signals[i], &action, &old[i]);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	done = ask_twice(args, out, err_r);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	for (size_t i = 0; i < n; i++)
		sigaction(signals[i], &old[i], NULL);
	if (interrupted)
		raise(interrupted);
	return done;
}

bool secret_read(const struct cmd_args *args, int fd, const char **out, struct err *err_r)
{
	if (fd >= 0) {
		char *buf = arena_alloc(args->arena, SECRET_MAX);

		*out = buf;
		return read_line(fd, buf, SECRET_MAX) || cannot_read(args, err_r);
	}
	if (!isatty(STDIN_FILENO))
		return err_set(err_r, ERR_INVALID,
			       "there is no terminal to ask on; give --%s-file FILE, or - for standard input",
			       args->cmd->value ? "value" : "password");
	return ask_without_echo(args, out, err_r);
}
