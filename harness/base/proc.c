/* SPDX-License-Identifier: Apache-2.0 */
#include "base/proc.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define REAP_POLL_NS (2 * BP_NS_PER_MS) /* between looks at a child where the kernel has no pidfd (before 5.3) */
#define FIRST_OTHER_FD 3

struct start {                  /* what the child needs, all of it made before fork() */
	const struct bp_proc_options *o;
	int fd[3];              /* to become stdin, stdout, stderr */
	int tell;               /* errno goes here when exec() fails; closed when it succeeds */
	pid_t parent;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- in the child: only calls that are safe after fork() ------------------------ */

static void default_signals(void)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		sigaction(s, &dfl, NULL); /* SIGKILL and SIGSTOP refuse, harmlessly */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A source below 3 could be overwritten before its turn: move them all out of the way first. */
static int place_fds(struct start *s)
{
	for (int i = 0; i < FIRST_OTHER_FD; i++) {
		s->fd[i] = fcntl(s->fd[i], F_DUPFD_CLOEXEC, FIRST_OTHER_FD);
		if (s->fd[i] < 0)
			return -1;
	}
	for (int i = 0; i < FIRST_OTHER_FD; i++)
		if (dup2(s->fd[i], i) < 0)
			return -1;
	/* Libraries open descriptors without close-on-exec. Where the call is missing (before 5.11) only tidiness is lost. */
	syscall(SYS_close_range, FIRST_OTHER_FD, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
	return 0;
}

static void child(struct start *s)
{
	const char *const *env = s->o->env;
	int code;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != s->parent) /* it went before the call above */
		_exit(127);
	default_signals();
	for (; env && *env; env++)
		putenv((char *)(uintptr_t)*env); /* NOLINT(performance-no-int-to-ptr): the call takes no const, and keeps it */
	if (!place_fds(s) && (!s->o->dir || !chdir(s->o->dir)))
		/* NOLINTNEXTLINE(performance-no-int-to-ptr): the call takes no const, and changes nothing */
		execvp(s->o->argv[0], (char *const *)(uintptr_t)s->o->argv);
	code = errno;
	if (write(s->tell, &code, sizeof(code)) < 0)
		_exit(126);
	_exit(127);
}

/* ---- start ------------------------------------------------------------------------ */

/* fd for the child's descriptor i; *ours gets our end of a pipe; *mine: to close after the fork. */
static int prepare_fd(int i, int want, int *ours, int *theirs, int *mine)
{
	int ends[2];

	*mine = -1;
	if (want == BP_PROC_OURS) {
		*theirs = i;
		return 0;
	}
	if (want == BP_PROC_PIPE) {
		if (pipe2(ends, O_CLOEXEC))
			return -1;
		*ours = ends[i == 0];
		*theirs = *mine = ends[i != 0];
		return fcntl(*ours, F_SETFL, O_NONBLOCK);
	}
	if (want >= 0) {
		*theirs = want;
		return 0;
	}
	*theirs = *mine = open("/dev/null", O_RDWR | O_CLOEXEC);
	return *theirs < 0 ? -1 : 0;
}

static int spawn(struct bp_proc *p, struct start *s, struct bp_err *err)
{
	int tell[2], code = 0;
	ssize_t n;

	if (pipe2(tell, O_CLOEXEC))
		return bp_fail(err, BP_EIO, "%s: cannot make a pipe: %s", p->name, strerror(errno));
	s->tell = tell[1];
	s->parent = getpid();
	p->pid = fork();
	if (!p->pid)
		child(s);
	close(tell[1]);
	if (p->pid < 0) {
		p->pid = 0;
		close(tell[0]);
		return bp_fail(err, BP_EIO, "%s: cannot start a process: %s", p->name, strerror(errno));
	}
	setpgid(p->pid, p->pid); /* the child does the same: whoever comes first */
	do
		n = read(tell[0], &code, sizeof(code));
	while (n < 0 && errno == EINTR);
	close(tell[0]);
	if (n != (ssize_t)sizeof(code)) {
		p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
		return 0;
	}
	bp_proc_stop(p, 0);
	return bp_fail(err, BP_EIO, "%s: cannot be run: %s%s", s->o->argv[0], strerror(code),
		       code == ENOENT && !s->o->dir ? " (install it, or give its path)" : "");
}

int bp_proc_start(struct bp_proc *p, const struct bp_proc_options *o, struct bp_err *err)
{
	const int want[3] = {o->in, o->out, o->err};
	const char *slash = strrchr(o->argv[0], '/');
	int mine[3] = {-1, -1, -1}, rc = 0;
	struct start s = {.o = o};

	*p = (struct bp_proc){.pidfd = -1, .in = -1, .out = -1, .err = -1};
	snprintf(p->name, sizeof(p->name), "%s", slash ? slash + 1 : o->argv[0]);
	for (int i = 0; i < 3 && !rc; i++) {
		int *ours[3] = {&p->in, &p->out, &p->err};

		if (want[i] == BP_PROC_OUT)
			s.fd[i] = s.fd[1];
		else
			rc = prepare_fd(i, want[i], ours[i], &s.fd[i], &mine[i]);
	}
	if (rc)
		rc = bp_fail(err, BP_EIO, "%s: cannot make its descriptors: %s", p->name, strerror(errno));
	else
		rc = spawn(p, &s, err);
	for (int i = 0; i < 3; i++)
		close_fd(&mine[i]);
	if (rc)
		bp_proc_stop(p, 0);
	return rc;
}

/* ---- the end ------------------------------------------------------------------------ */

int bp_proc_ended(struct bp_proc *p)
{
	siginfo_t info = {.si_pid = 0};
	pid_t got;

	if (!p->pid)
		return 1;
	if (!waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) && !info.si_pid)
		return 0;
	/* Before it is reaped its id, and so its group's, cannot be anybody else's. */
	kill(-p->pid, SIGKILL);
	do
		got = waitpid(p->pid, &p->status, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0) /* somebody else's wait took it: ended all the same, its status unknown */
		p->status = 0;
	p->reaped = true;
	p->pid = 0;
	close_fd(&p->pidfd);
	return 1;
}

int bp_proc_wait(struct bp_proc *p, uint64_t deadline_ns, struct bp_err *err)
{
	while (!bp_proc_ended(p)) {
		if (bp_deadline_passed(deadline_ns))
			return bp_fail(err, BP_ETIMEOUT, "%s (pid %d) does not end", p->name, (int)p->pid);
		if (p->pidfd >= 0) {
			bp_clock_poll_fd(p->pidfd, POLLIN, deadline_ns);
		} else {
			struct timespec t = bp_clock_timespec(REAP_POLL_NS);

			nanosleep(&t, NULL);
		}
	}
	return 0;
}

void bp_proc_stop(struct bp_proc *p, uint64_t grace_ns)
{
	if (!p->name[0])
		return; /* never started: its descriptors are zeroes, not ours */
	close_fd(&p->in);
	if (p->pid && grace_ns && !bp_proc_ended(p)) {
		kill(-p->pid, SIGTERM);
		bp_proc_wait(p, bp_deadline_in(grace_ns), NULL);
	}
	if (p->pid) {
		kill(-p->pid, SIGKILL);
		kill(p->pid, SIGKILL); /* should it have left its group */
		bp_proc_wait(p, BP_NEVER, NULL); /* SIGKILL cannot be refused */
	}
	close_fd(&p->out);
	close_fd(&p->err);
	close_fd(&p->pidfd);
}

const char *bp_proc_how(const struct bp_proc *p, char *out, size_t cap)
{
	if (!p->reaped)
		snprintf(out, cap, "%s", p->pid ? "still running" : "never started");
	else if (WIFSIGNALED(p->status))
		snprintf(out, cap, "killed by signal %d (%s)", WTERMSIG(p->status), strsignal(WTERMSIG(p->status)));
	else
		snprintf(out, cap, "exit status %d", WEXITSTATUS(p->status));
	return out;
}
