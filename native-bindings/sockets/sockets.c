/*
 * What Node cannot ask of a socket: see README.md. Every function answers with a number or an object; a negative number
 * is an errno. Linux only.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <node_api.h>

#ifndef SO_DETACH_REUSEPORT_BPF
#define SO_DETACH_REUSEPORT_BPF 68
#endif

#define MAX_ARGS 3
#define MAX_MESSAGE 4096

static napi_value number(napi_env env, int32_t value) {
  napi_value result;
  return napi_create_int32(env, value, &result) == napi_ok ? result : NULL;
}

static napi_value error(napi_env env) { return number(env, -errno); }

/* Arguments that are missing are undefined, and are then refused as numbers or texts. */
static void arguments(napi_env env, napi_callback_info info, napi_value *args) {
  size_t count = MAX_ARGS;
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
}

static int integer(napi_env env, napi_value value, int32_t *out) {
  if (napi_get_value_int32(env, value, out) == napi_ok) return 1;
  napi_throw_type_error(env, NULL, "a number is wanted");
  return 0;
}

static int text(napi_env env, napi_value value, char *out, size_t size, size_t *length) {
  if (napi_get_value_string_utf8(env, value, NULL, 0, length) != napi_ok) {
    napi_throw_type_error(env, NULL, "a string is wanted");
    return 0;
  }
  if (*length >= size) {
    napi_throw_range_error(env, NULL, "the string is too long");
    return 0;
  }
  napi_get_value_string_utf8(env, value, out, size, length);
  return 1;
}

/* send(path, message): one datagram to a unix socket; a path that begins with @ is in the abstract namespace. */
static napi_value send_datagram(napi_env env, napi_callback_info info) {
  napi_value args[MAX_ARGS];
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  char message[MAX_MESSAGE];
  size_t path_length, length;
  arguments(env, info, args);
  if (!text(env, args[0], to.sun_path, sizeof to.sun_path, &path_length)) return NULL;
  if (!text(env, args[1], message, sizeof message, &length)) return NULL;
  socklen_t size = offsetof(struct sockaddr_un, sun_path) + path_length;
  if (to.sun_path[0] == '@') to.sun_path[0] = '\0';
  else size += 1;
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return error(env);
  ssize_t sent = sendto(fd, message, length, MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&to, size);
  napi_value result = sent < 0 ? error(env) : number(env, 0);
  close(fd);
  return result;
}

static void set(napi_env env, napi_value object, const char *name, napi_value value) {
  napi_set_named_property(env, object, name, value);
}

/* inspect(fd): {host, port, waiting, shared} of a listening TCP socket, null for any other descriptor. */
static napi_value inspect(napi_env env, napi_callback_info info) {
  napi_value args[MAX_ARGS], none, object, host;
  int32_t fd;
  arguments(env, info, args);
  if (!integer(env, args[0], &fd)) return NULL;
  napi_get_null(env, &none);

  int listens = 0, shared = 0;
  socklen_t size = sizeof listens;
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0 || !listens) return none;
  size = sizeof shared;
  getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &shared, &size);
  /* of a listening socket tcpi_unacked is the number of connections that wait to be accepted */
  struct tcp_info tcp;
  size = sizeof tcp;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &tcp, &size) < 0) return none;

  struct sockaddr_storage bound;
  char name[INET6_ADDRSTRLEN];
  size = sizeof bound;
  if (getsockname(fd, (struct sockaddr *)&bound, &size) < 0) return none;
  int port;
  if (bound.ss_family == AF_INET) {
    struct sockaddr_in *in = (struct sockaddr_in *)&bound;
    inet_ntop(AF_INET, &in->sin_addr, name, sizeof name);
    port = ntohs(in->sin_port);
  } else if (bound.ss_family == AF_INET6) {
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&bound;
    inet_ntop(AF_INET6, &in6->sin6_addr, name, sizeof name);
    port = ntohs(in6->sin6_port);
  } else {
    return none;
  }
  napi_create_object(env, &object);
  napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &host);
  set(env, object, "host", host);
  set(env, object, "port", number(env, port));
  set(env, object, "waiting", number(env, (int32_t)tcp.tcpi_unacked));
  set(env, object, "shared", number(env, shared != 0));
  return object;
}

/*
 * steer(fd, first, count): of the group that shares the socket's address, only the sockets at places `first` to
 * `first + count - 1` get new connections. Places are in the order of listen(); when a socket closes, the last one takes
 * its place. The system shares out by hash where the place does not exist.
 */
static napi_value steer(napi_env env, napi_callback_info info) {
  napi_value args[MAX_ARGS];
  int32_t fd, first, count;
  arguments(env, info, args);
  if (!integer(env, args[0], &fd) || !integer(env, args[1], &first) || !integer(env, args[2], &count)) return NULL;
  struct sock_filter one[] = {BPF_STMT(BPF_RET | BPF_K, first)};
  struct sock_filter several[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM)),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, count > 0 ? count : 1),
      BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, first),
      BPF_STMT(BPF_RET | BPF_A, 0),
  };
  struct sock_fprog program = {.len = 1, .filter = one};
  if (count > 1) program = (struct sock_fprog){.len = sizeof several / sizeof several[0], .filter = several};
  int failed = setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
  return failed < 0 ? error(env) : number(env, 0);
}

/* unsteer(fd): the system shares new connections out among the whole group again. */
static napi_value unsteer(napi_env env, napi_callback_info info) {
  napi_value args[MAX_ARGS];
  int32_t fd;
  int unused = 0;
  arguments(env, info, args);
  if (!integer(env, args[0], &fd)) return NULL;
  int failed = setsockopt(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &unused, sizeof unused);
  if (failed < 0 && errno == ENOPROTOOPT) {
    /* Linux before 5.3: a place that no group has leaves the choice to the system as well */
    struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
    struct sock_fprog program = {.len = 1, .filter = &none};
    failed = setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
  }
  return failed < 0 && errno != ENOENT ? error(env) : number(env, 0);
}

/* limit_unsent(fd, bytes): of the socket, and of those that are accepted from it, the system takes no more ahead. */
static napi_value limit_unsent(napi_env env, napi_callback_info info) {
  napi_value args[MAX_ARGS];
  int32_t fd, bytes;
  arguments(env, info, args);
  if (!integer(env, args[0], &fd) || !integer(env, args[1], &bytes)) return NULL;
  int failed = setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
  return failed < 0 ? error(env) : number(env, 0);
}

/*
 * ended(): the process id of a child that has ended and was not waited for, 0 where there is none; it stays. reap(pid)
 * takes it away: only for those that nothing else waits for.
 */
static napi_value ended(napi_env env, napi_callback_info info) {
  (void)info;
  siginfo_t found = {.si_pid = 0};
  if (waitid(P_ALL, 0, &found, WEXITED | WNOHANG | WNOWAIT) < 0) return number(env, errno == ECHILD ? 0 : -errno);
  return number(env, found.si_pid);
}

static napi_value reap(napi_env env, napi_callback_info info) {
  napi_value args[MAX_ARGS];
  int32_t pid;
  arguments(env, info, args);
  if (!integer(env, args[0], &pid)) return NULL;
  return waitpid(pid, NULL, WNOHANG) < 0 ? error(env) : number(env, 0);
}

NAPI_MODULE_INIT() {
  napi_property_descriptor functions[] = {
      {"send", NULL, send_datagram, NULL, NULL, NULL, napi_enumerable, NULL},
      {"inspect", NULL, inspect, NULL, NULL, NULL, napi_enumerable, NULL},
      {"steer", NULL, steer, NULL, NULL, NULL, napi_enumerable, NULL},
      {"unsteer", NULL, unsteer, NULL, NULL, NULL, napi_enumerable, NULL},
      {"limitUnsent", NULL, limit_unsent, NULL, NULL, NULL, napi_enumerable, NULL},
      {"ended", NULL, ended, NULL, NULL, NULL, napi_enumerable, NULL},
      {"reap", NULL, reap, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
  return exports;
}
