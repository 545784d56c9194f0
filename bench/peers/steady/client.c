/*
 * HTTP/1.1 at a steady rate: request k is due at start + k / rate whether or not earlier ones were answered, and its
 * latency counts from then, so that a stall of the server counts for all who would have asked meanwhile.
 *
 *     client PORT PATH CONNECTIONS RATE SECONDS     prints one line of JSON, times in microseconds
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
#define DRAIN_NANOS 2000000000LL

struct connection {
  int fd;
  long long due;  /* nanoseconds; of the request under way */
  long long left; /* bytes of the body still to come; -1 while in the head */
  size_t held;
  char head[HEAD_BYTES + 1];
};

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, errno ? strerror(errno) : "wrong answer");
  exit(1);
}

/* Reads what has come; 1 when the answer is whole. */
static int take(struct connection *c) {
  static char body[1 << 18];
  for (;;) {
    ssize_t got = c->left < 0 ? recv(c->fd, c->head + c->held, HEAD_BYTES - c->held, MSG_DONTWAIT)
                              : recv(c->fd, body, sizeof body, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return 0;
    if (got <= 0) fail("a connection ended");
    if (c->left < 0) {
      c->held += got;
      c->head[c->held] = 0;
      char *end = strstr(c->head, "\r\n\r\n");
      if (!end) continue;
      char *length = strcasestr(c->head, "\r\ncontent-length:");
      errno = 0;
      if (strncmp(c->head, "HTTP/1.1 200", 12) || !length || length > end) fail("answer");
      c->left = atoll(length + 17) - (c->head + c->held - end - 4);
    } else {
      c->left -= got;
    }
    if (c->left <= 0) return 1;
  }
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  int count = atoi(argv[3]);
  double rate = atof(argv[4]), seconds = atof(argv[5]);
  long long total = rate * seconds, sent = 0, done = 0;
  char request[4096];
  int bytes = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n", argv[2], argv[1]);
  struct connection *all = calloc(count, sizeof *all), **idle = calloc(count, sizeof *idle);
  double *latencies = calloc(total + 1, sizeof *latencies);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int poll = epoll_create1(0), free_count = 0, one = 1;
  for (int i = 0; i < count; i++) {
    struct connection *c = idle[free_count++] = &all[i];
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(c->fd, (void *)&to, sizeof to)) fail("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &event);
  }
  long long start = now(), step = 1e9 / rate, last = start + total * step + DRAIN_NANOS;
  while (done < total && now() < last) {
    while (free_count > 0 && sent < total && start + sent * step <= now()) {
      struct connection *c = idle[--free_count];
      c->due = start + sent++ * step;
      c->left = -1;
      c->held = 0;
      errno = 0;
      if (send(c->fd, request, bytes, MSG_NOSIGNAL) != bytes) fail("send");
    }
    long long wait = 1000000;
    if (free_count > 0 && sent < total) wait = start + sent * step - now();
    if (wait < 0) wait = 0;
    struct timespec limit = {wait / 1000000000, wait % 1000000000};
    struct epoll_event events[64];
    int ready = epoll_pwait2(poll, events, 64, &limit, NULL);
    for (int i = 0; i < ready; i++) {
      struct connection *c = events[i].data.ptr;
      if (!take(c)) continue;
      latencies[done++] = (now() - c->due) / 1e3;
      idle[free_count++] = c;
    }
  }
  if (done == 0) fail("nothing answered");
  qsort(latencies, done, sizeof *latencies, compare);
  printf("{\"requests\":%lld,\"missing\":%lld,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f}\n", done, total - done,
         latencies[done / 2], latencies[(long long)(done * 0.99)], latencies[(long long)(done * 0.999)]);
  return 0;
}
