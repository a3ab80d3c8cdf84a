// The load generator of the echo benchmark: many WebSocket connections from one thread over epoll (Linux).
// Keeps a number of masked frames (RFC 6455 5.2) in flight on each connection, counts the bytes that come back, and
// reads the server's CPU clock at the very moments that its measured interval begins and ends.
//
// load PORT SERVER_PID CONNECTIONS IN_FLIGHT SIZE REPLY_BYTES WARM_UP_SECONDS SECONDS
// prints {"messages":N,"seconds":S,"serverCpu":S,"loadCpu":S}

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 10000
#define MAX_EVENTS 256
#define READ_BYTES (1 << 20)

struct connection {
  int fd;
  uint64_t sent;      // bytes of frames
  uint64_t received;  // bytes of replies
  int blocked;        // waits until it may write again
};

static size_t frame_bytes, reply_bytes, payload_bytes, in_flight;
static uint8_t *frames;  // in_flight + 1 equal frames: whatever is due is one run of bytes in here
static uint8_t *inbox;
static uint64_t messages;

static void fail(const char *what) {
  fprintf(stderr, "load: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
  exit(1);
}

static double clock_seconds(clockid_t clock) {
  struct timespec t;
  if (clock_gettime(clock, &t)) fail("clock_gettime");
  return t.tv_sec + t.tv_nsec / 1e9;
}

static size_t header_bytes(size_t size) { return size < 126 ? 2 : size < 65536 ? 4 : 10; }

static uint8_t payload_byte(size_t i) { return (uint8_t)(i * 131 + (i >> 8)); }

static void make_frames(void) {
  static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};
  size_t header = header_bytes(payload_bytes);
  frame_bytes = header + 4 + payload_bytes;
  frames = malloc((in_flight + 1) * frame_bytes);
  if (!frames) fail("malloc");
  uint8_t *p = frames;
  *p++ = 0x82;
  *p++ = 0x80 | (header == 2 ? payload_bytes : header == 4 ? 126 : 127);
  for (size_t left = header - 2; left > 0; left--) *p++ = (uint8_t)((uint64_t)payload_bytes >> 8 * (left - 1));
  memcpy(p, key, 4);
  for (size_t i = 0; i < payload_bytes; i++) p[4 + i] = payload_byte(i) ^ key[i & 3];
  for (size_t i = 1; i <= in_flight; i++) memcpy(frames + i * frame_bytes, frames, frame_bytes);
}

static int open_connection(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address)) fail("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

static void upgrade(int fd) {
  static const char request[] =
      "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  char head[4096];
  size_t n = 0;
  if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != sizeof request - 1) fail("send the request");
  while (n < 4 || memcmp(head + n - 4, "\r\n\r\n", 4)) {
    if (n == sizeof head || recv(fd, head + n, 1, 0) != 1) fail("no whole response to the upgrade");
    n++;
  }
  head[n - 1] = 0;
  if (strncmp(head, "HTTP/1.1 101 ", 13) || !strstr(head, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")) {
    errno = 0;
    fail("the upgrade was refused");
  }
}

// One message each way, looked at byte by byte; afterwards replies are only counted. Masked replies are fine: a server
// that echoes raw bytes sends our own frames back.
static void check_echo(int fd) {
  for (size_t sent = 0; sent < frame_bytes;) {
    ssize_t n = send(fd, frames + sent, frame_bytes - sent, MSG_NOSIGNAL);
    if (n <= 0) fail("send the first message");
    sent += n;
  }
  uint8_t *reply = malloc(reply_bytes);
  if (!reply) fail("malloc");
  for (size_t got = 0; got < reply_bytes;) {
    ssize_t n = recv(fd, reply + got, reply_bytes - got, 0);
    if (n <= 0) fail("no whole echo of the first message");
    got += n;
  }
  errno = 0;
  size_t header = header_bytes(payload_bytes);
  static const uint8_t no_key[4];
  const uint8_t *key = reply[1] & 0x80 ? reply + header : no_key;
  const uint8_t *payload = reply + reply_bytes - payload_bytes;
  if (reply_bytes != header + (key == no_key ? 0 : 4) + payload_bytes) fail("the first echo has a wrong length");
  if (reply[0] != 0x82 || (reply[1] & 0x7f) != (frames[1] & 0x7f) || memcmp(reply + 2, frames + 2, header - 2)) {
    fail("the first echo has a wrong header");
  }
  for (size_t i = 0; i < payload_bytes; i++) {
    if ((payload[i] ^ key[i & 3]) != payload_byte(i)) fail("the first echo has wrong bytes");
  }
  free(reply);
}

static void watch(int epoll, struct connection *c, int operation) {
  struct epoll_event event = {.events = EPOLLIN | (c->blocked ? EPOLLOUT : 0), .data.ptr = c};
  if (epoll_ctl(epoll, operation, c->fd, &event)) fail("epoll_ctl");
}

static void send_due(int epoll, struct connection *c) {
  uint64_t due = (c->received / reply_bytes + in_flight) * frame_bytes - c->sent;
  if (!due) return;
  ssize_t n = send(c->fd, frames + c->sent % frame_bytes, due, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n < 0 && errno != EAGAIN) fail("send");
  if (n > 0) c->sent += n;
  int blocked = n < (ssize_t)due;
  if (blocked != c->blocked) {
    c->blocked = blocked;
    watch(epoll, c, EPOLL_CTL_MOD);
  }
}

static void receive(struct connection *c) {
  // MSG_TRUNC: TCP drops the bytes in the kernel, so that this process is not what limits the server.
  ssize_t n = recv(c->fd, inbox, READ_BYTES, MSG_TRUNC | MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) fail("the server closed a connection");
  uint64_t before = c->received / reply_bytes;
  c->received += n;
  messages += c->received / reply_bytes - before;
}

static void run_until(double end, int epoll) {
  struct epoll_event events[MAX_EVENTS];
  while (clock_seconds(CLOCK_MONOTONIC) < end) {
    int n = epoll_wait(epoll, events, MAX_EVENTS, PATIENCE_MS);
    if (n < 0 && errno != EINTR) fail("epoll_wait");
    if (n == 0) fail("the server has stalled");
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      if (events[i].events & ~EPOLLOUT) receive(c);
      send_due(epoll, c);
    }
  }
}

int main(int argc, char **argv) {
  if (argc != 9) {
    fputs("load PORT SERVER_PID CONNECTIONS IN_FLIGHT SIZE REPLY_BYTES WARM_UP_SECONDS SECONDS\n", stderr);
    return 2;
  }
  int port = atoi(argv[1]), count = atoi(argv[3]);
  in_flight = strtoul(argv[4], NULL, 10);
  payload_bytes = strtoul(argv[5], NULL, 10);
  reply_bytes = strtoul(argv[6], NULL, 10);
  double warm_up = atof(argv[7]), seconds = atof(argv[8]);
  clockid_t server_clock;
  if ((errno = clock_getcpuclockid(atoi(argv[2]), &server_clock))) fail("the server's CPU clock");

  make_frames();
  inbox = malloc(READ_BYTES);
  struct connection *connections = calloc(count, sizeof *connections);
  int epoll = epoll_create1(0);
  if (!inbox || !connections || epoll < 0) fail("set-up");
  for (int i = 0; i < count; i++) {
    connections[i].fd = open_connection(port);
    upgrade(connections[i].fd);
    check_echo(connections[i].fd);
    watch(epoll, &connections[i], EPOLL_CTL_ADD);
  }
  for (int i = 0; i < count; i++) send_due(epoll, &connections[i]);

  run_until(clock_seconds(CLOCK_MONOTONIC) + warm_up, epoll);
  double begin = clock_seconds(CLOCK_MONOTONIC);
  double server_begin = clock_seconds(server_clock), own_begin = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
  messages = 0;
  run_until(begin + seconds, epoll);
  double end = clock_seconds(CLOCK_MONOTONIC);
  double server_end = clock_seconds(server_clock), own_end = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);

  printf("{\"messages\":%llu,\"seconds\":%.6f,\"serverCpu\":%.6f,\"loadCpu\":%.6f}\n", (unsigned long long)messages,
         end - begin, server_end - server_begin, own_end - own_begin);
  return 0;
}
