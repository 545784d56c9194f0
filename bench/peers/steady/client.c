/*
 * An HTTP/1.1 client that keeps time.
 *
 *     client PORT PATH CONNECTIONS RATE SECONDS STATUS [HEADER...]     prints one line of JSON, times in microseconds
 *
 * With a RATE, request k is due at start + k / RATE whether or not earlier ones were answered, and its latency counts from
 * then, so that a stall of the server counts for all who would have asked meanwhile. With RATE 0 every connection asks
 * again as soon as it is answered, and latencies count from the asking.
 *
 * Answers with STATUS 304 have no body, whatever Content-Length says (RFC 9110 section 8.6); others need one.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD_BYTES 8192
#define NANOS 1000000000LL
#define DRAIN_NANOS (2 * NANOS)
#define NO_BODY 304

struct connection {
  int fd;
  long long due;  /* nanoseconds; of the request under way */
  long long left; /* bytes of the body still to come; -1 while in the head */
  size_t held;
  char head[HEAD_BYTES + 1];
};

struct latencies {
  double *micros;
  long long count, room;
};

static char request[4096];
static int request_bytes, status;
static long long received;

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * NANOS + t.tv_nsec;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, errno ? strerror(errno) : "wrong answer");
  exit(1);
}

/* Bytes of the body that follows the head, which ends at `end`. */
static long long body_bytes(const char *head, const char *end) {
  errno = 0;
  if (strncmp(head, "HTTP/1.1 ", 9) || atoi(head + 9) != status) fail("status");
  if (status == NO_BODY) return 0;
  const char *length = strcasestr(head, "\r\ncontent-length:");
  if (!length || length > end) fail("length");
  return atoll(length + 17);
}

/* Reads what has come; 1 when the answer is whole. */
static int take(struct connection *c) {
  static char body[1 << 18];
  for (;;) {
    ssize_t got = c->left < 0 ? recv(c->fd, c->head + c->held, HEAD_BYTES - c->held, MSG_DONTWAIT)
                              : recv(c->fd, body, sizeof body, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return 0;
    if (got <= 0) fail("a connection ended");
    received += got;
    if (c->left < 0) {
      c->held += got;
      c->head[c->held] = 0;
      char *end = strstr(c->head, "\r\n\r\n");
      if (!end) continue;
      c->left = body_bytes(c->head, end) - (c->head + c->held - end - 4);
    } else {
      c->left -= got;
    }
    if (c->left <= 0) return 1;
  }
}

static void ask(struct connection *c, long long due) {
  c->due = due;
  c->left = -1;
  c->held = 0;
  errno = 0;
  if (send(c->fd, request, request_bytes, MSG_NOSIGNAL) != request_bytes) fail("send");
}

static void note(struct latencies *l, double micros) {
  if (l->count == l->room) {
    l->room = l->room ? 2 * l->room : 1 << 16;
    l->micros = realloc(l->micros, l->room * sizeof *l->micros);
    if (!l->micros) fail("memory");
  }
  l->micros[l->count++] = micros;
}

static int open_connection(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(fd, (void *)&to, sizeof to)) fail("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

static void write_request(char *port, char *path, char **headers, int count) {
  int at = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n", path, port);
  for (int i = 0; i < count && at < (int)sizeof request; i++)
    at += snprintf(request + at, sizeof request - at, "%s\r\n", headers[i]);
  if (at < (int)sizeof request) at += snprintf(request + at, sizeof request - at, "\r\n");
  if (at >= (int)sizeof request) fail("the request is too long");
  request_bytes = at;
}

int main(int argc, char **argv) {
  if (argc < 7) return 2;
  int count = atoi(argv[3]);
  double rate = atof(argv[4]), seconds = atof(argv[5]);
  status = atoi(argv[6]);
  write_request(argv[1], argv[2], argv + 7, argc - 7);
  int steady = rate > 0, poll = epoll_create1(0), idle_count = 0;
  struct connection *all = calloc(count, sizeof *all), **idle = calloc(count, sizeof *idle);
  struct latencies latencies = {0};
  for (int i = 0; i < count; i++) {
    struct connection *c = idle[idle_count++] = &all[i];
    c->fd = open_connection(atoi(argv[1]));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &event);
  }
  long long total = steady ? rate * seconds : 0, sent = 0, start = now(), end = start + seconds * NANOS;
  double step = steady ? NANOS / rate : 0;
  for (long long time; (time = now()) < end + (steady ? DRAIN_NANOS : 0);) {
    if (steady && latencies.count == total) break;
    while (idle_count > 0 && (!steady || (sent < total && start + sent * step <= time))) {
      ask(idle[--idle_count], steady ? start + (long long)(sent * step) : now());
      sent++;
    }
    long long wait = NANOS / 1000;
    if (idle_count > 0 && sent < total) wait = start + (long long)(sent * step) - now();
    if (wait < 0) wait = 0;
    struct timespec limit = {0, wait % NANOS};
    struct epoll_event events[64];
    int ready = epoll_pwait2(poll, events, 64, &limit, NULL);
    for (int i = 0; i < ready; i++) {
      struct connection *c = events[i].data.ptr;
      if (!take(c)) continue;
      note(&latencies, (now() - c->due) / 1e3);
      idle[idle_count++] = c;
    }
  }
  long long took = (now() - start) / 1000, done = latencies.count;
  if (done == 0) fail("nothing answered");
  qsort(latencies.micros, done, sizeof *latencies.micros, compare);
  printf("{\"requests\":%lld,\"missing\":%lld,\"micros\":%lld,\"bytes\":%lld,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f}\n",
         done, steady ? total - done : 0, took, received, latencies.micros[done / 2],
         latencies.micros[(long long)(done * 0.99)], latencies.micros[(long long)(done * 0.999)]);
  return 0;
}
