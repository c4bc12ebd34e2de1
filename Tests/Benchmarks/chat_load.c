// Load on a chat server: clients of Socket.IO v5 over WebSocket (Engine.IO v4), or of a plain
// WebSocket echo, all in one thread over epoll. Each message carries the time at which it was sent;
// each delivery of it is counted and gives one sample of latency. Prints one line of JSON.
//
//   cc -O2 chat_load.c -o chat_load && ./chat_load [options] HOST PORT
//     -m sio|ws    Socket.IO broadcast to a room, or WebSocket echo (sio)
//     -p PATH      (sio: /socket.io/?EIO=4&transport=websocket, ws: /)
//     -n CLIENTS   (100)
//     -s SENDERS   how many of them send; in ws all do (1)
//     -w WINDOW    messages that a sender has under way before it waits for one to come back (1)
//     -r RATE      messages a second over all senders, whatever comes back (none: as fast as -w lets)
//     -d SECONDS   (5)
//     -l OCTETS    length of the text (40)
//     -j PACKET    sent once after connecting: 42["join",{"room":"lobby"}]
//     -P PID       the server, whose CPU time and memory are read from /proc
//     -H SECONDS   only connect, hold, and say what a connection costs
//     -R COUNT     handshakes under way at once (64)
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };
enum { LONGEST_TEXT = 65000, LONGEST_MESSAGE = LONGEST_TEXT + 300, SAMPLES = 1 << 24 };

struct buffer {
  uint8_t *octets;
  size_t count, capacity;
};

enum state { CONNECTING, UPGRADING, OPENING, JOINING, LIVE, DEAD };

struct client {
  int socket, index;
  enum state state;
  int under_way; // own messages that have not come back
  bool waits_to_write;
  struct buffer in, out;
};

static struct {
  bool echo;
  const char *path, *join, *host;
  int port, clients, senders, window, text_length, server, handshakes;
  double seconds, rate, hold;
} options = {.clients = 100, .senders = 1, .window = 1, .text_length = 40, .handshakes = 64, .seconds = 5};

static struct client *clients;
static int poller, live, dead, starting;
static bool counting;
static uint64_t sent, delivered;
static uint32_t *latencies; // microseconds
static size_t latency_count;
static char text[LONGEST_TEXT + 1];

static uint64_t now(void) { // nanoseconds
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void append(struct buffer *buffer, const void *octets, size_t count) {
  if (buffer->count + count > buffer->capacity) {
    buffer->capacity = (buffer->count + count) * 2;
    buffer->octets = realloc(buffer->octets, buffer->capacity);
  }
  memcpy(buffer->octets + buffer->count, octets, count);
  buffer->count += count;
}

static void drop_first(struct buffer *buffer, size_t count) {
  buffer->count -= count;
  memmove(buffer->octets, buffer->octets + count, buffer->count);
}

static void become(struct client *client, enum state state) {
  if (state == LIVE) {
    live++;
    starting--;
  } else if (state == DEAD) {
    if (client->state == LIVE) live--;
    else starting--;
    dead++;
    close(client->socket);
  }
  client->state = state;
}

static void flush(struct client *client) {
  size_t done = 0;
  while (done < client->out.count) {
    ssize_t count =
        send(client->socket, client->out.octets + done, client->out.count - done, MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EAGAIN) break;
      become(client, DEAD);
      return;
    }
    done += count;
  }
  drop_first(&client->out, done);
  bool waits = client->out.count > 0;
  if (waits == client->waits_to_write) return;
  client->waits_to_write = waits;
  struct epoll_event event = {.events = EPOLLIN | (waits ? EPOLLOUT : 0), .data.ptr = client};
  epoll_ctl(poller, EPOLL_CTL_MOD, client->socket, &event);
}

// RFC 6455 section 5.2: a whole message in one frame, masked as a client has to.
static void send_frame(struct client *client, int opcode, const char *payload, size_t length) {
  static uint32_t key = 0x1b873593;
  uint8_t head[14] = {0x80 | opcode};
  size_t at = 2;
  if (length < 126) {
    head[1] = 0x80 | length;
  } else if (length < 65536) {
    head[1] = 0x80 | 126;
    head[2] = length >> 8;
    head[3] = length;
    at = 4;
  } else {
    head[1] = 0x80 | 127;
    for (int i = 0; i < 8; i++) head[2 + i] = (uint64_t)length >> (56 - 8 * i);
    at = 10;
  }
  key = key * 1664525 + 1013904223;
  memcpy(head + at, &key, 4);
  append(&client->out, head, at + 4);
  size_t start = client->out.count;
  append(&client->out, payload, length);
  for (size_t i = 0; i < length; i++) client->out.octets[start + i] ^= ((uint8_t *)&key)[i & 3];
}

static void send_text(struct client *client, const char *payload) {
  send_frame(client, TEXT, payload, strlen(payload));
  flush(client);
}

static void send_message(struct client *client) {
  static char message[LONGEST_MESSAGE];
  const char *form =
      options.echo ? "{\"from\":%d,\"t\":%lu,\"text\":\"%s\"}"
                   : "42[\"message\",{\"room\":\"lobby\",\"from\":%d,\"t\":%lu,\"text\":\"%s\"}]";
  snprintf(message, sizeof message, form, client->index, now(), text);
  sent++;
  client->under_way++;
  send_text(client, message);
}

static void keep_window_full(struct client *client) {
  bool sends = options.echo || client->index < options.senders;
  if (!counting || options.rate > 0 || !sends) return;
  while (client->state == LIVE && client->under_way < options.window) send_message(client);
}

static void delivery(struct client *client, const char *payload) {
  const char *time = strstr(payload, "\"t\":"), *from = strstr(payload, "\"from\":");
  if (!time || !from) return;
  if (counting) {
    delivered++;
    uint64_t taken = now() - strtoull(time + 4, NULL, 10);
    if (latency_count < SAMPLES) latencies[latency_count++] = taken / 1000;
  }
  if (atoi(from + 7) != client->index) return;
  client->under_way--;
  keep_window_full(client);
}

// A text message, of Engine.IO's packet types (the first digit) and Socket.IO's (the second).
static void take_text(struct client *client, const char *payload) {
  if (options.echo) {
    delivery(client, payload);
  } else if (payload[0] == '2') {
    send_text(client, "3");
  } else if (client->state == OPENING && payload[0] == '0') {
    become(client, JOINING);
    send_text(client, "40");
  } else if (client->state == JOINING && strncmp(payload, "40", 2) == 0) {
    become(client, LIVE);
    if (options.join) send_text(client, options.join);
  } else if (strncmp(payload, "42", 2) == 0) {
    delivery(client, payload);
  }
}

// Returns how many octets the first frame has; 0 when it has not come whole.
static size_t take_frame(struct client *client, uint8_t *frame, size_t count) {
  if (count < 2) return 0;
  uint64_t length = frame[1] & 127;
  size_t head = length == 126 ? 4 : length == 127 ? 10 : 2;
  if (count < head) return 0;
  if (head > 2) {
    length = 0;
    for (size_t i = 2; i < head; i++) length = length << 8 | frame[i];
  }
  if (count < head + length) return 0;
  uint8_t *payload = frame + head;
  int opcode = frame[0] & 15;
  if (opcode == TEXT) {
    uint8_t next = payload[length]; // the buffer has an octet more than it says
    payload[length] = 0;
    take_text(client, (char *)payload);
    payload[length] = next;
  } else if (opcode == PING) {
    send_frame(client, PONG, (char *)payload, length);
    flush(client);
  } else if (opcode == CLOSE) {
    become(client, DEAD);
  }
  return head + length;
}

static void upgraded(struct client *client) {
  struct buffer *in = &client->in;
  uint8_t *end = memmem(in->octets, in->count, "\r\n\r\n", 4);
  if (!end) return;
  if (memcmp(in->octets, "HTTP/1.1 101", 12) != 0) {
    fprintf(stderr, "chat_load: %.*s\n", (int)(end - in->octets), in->octets);
    become(client, DEAD);
    return;
  }
  drop_first(in, end + 4 - in->octets);
  become(client, options.echo ? LIVE : OPENING);
}

static void receive(struct client *client) {
  struct buffer *in = &client->in;
  for (;;) {
    if (in->capacity - in->count < 4096) {
      in->capacity = in->capacity ? in->capacity * 2 : 8192;
      in->octets = realloc(in->octets, in->capacity + 1);
    }
    size_t room = in->capacity - in->count;
    ssize_t count = recv(client->socket, in->octets + in->count, room, 0);
    if (count < 0 && errno == EAGAIN) break;
    if (count <= 0) {
      become(client, DEAD);
      return;
    }
    in->count += count;
    if ((size_t)count < room) break;
  }
  if (client->state == UPGRADING) upgraded(client);
  size_t taken = 0, step = 1;
  while (client->state > UPGRADING && client->state < DEAD && step > 0) {
    step = take_frame(client, in->octets + taken, in->count - taken);
    taken += step;
  }
  if (client->state != DEAD) drop_first(in, taken);
}

static void start(struct client *client, int index) {
  int on = 1;
  client->index = index;
  client->waits_to_write = true;
  client->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(options.port)};
  inet_pton(AF_INET, options.host, &address.sin_addr);
  starting++;
  if (connect(client->socket, (void *)&address, sizeof address) && errno != EINPROGRESS) {
    become(client, DEAD);
    return;
  }
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = client};
  epoll_ctl(poller, EPOLL_CTL_ADD, client->socket, &event);
}

static void connected(struct client *client) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(client->socket, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error) {
    become(client, DEAD);
    return;
  }
  char request[1024];
  int count = snprintf(request, sizeof request,
                       "GET %s HTTP/1.1\r\nHost: %s:%d\r\nOrigin: http://%s:%d\r\n"
                       "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                       options.path, options.host, options.port, options.host, options.port);
  append(&client->out, request, count);
  become(client, UPGRADING);
  flush(client);
}

static void run_for(int milliseconds) {
  struct epoll_event events[256];
  int count = epoll_wait(poller, events, 256, milliseconds);
  for (int i = 0; i < count; i++) {
    struct client *client = events[i].data.ptr;
    uint32_t what = events[i].events;
    if (client->state == CONNECTING) {
      connected(client);
      continue;
    }
    if (client->state != DEAD && what & EPOLLOUT) flush(client);
    if (client->state != DEAD && what & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(client);
  }
}

static void run_until(uint64_t end) {
  while (now() < end) run_for(20);
}

static double server_cpu(void) { // seconds, user and system
  char name[64], line[1024] = "";
  unsigned long user = 0, system = 0;
  snprintf(name, sizeof name, "/proc/%d/stat", options.server);
  FILE *file = fopen(name, "r");
  if (!file) return 0;
  if (!fgets(line, sizeof line, file)) line[0] = 0;
  fclose(file);
  char *after_name = strrchr(line, ')');
  if (after_name)
    sscanf(after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
  return (user + system) / (double)sysconf(_SC_CLK_TCK);
}

static long server_memory(void) { // kB resident
  char name[64], line[256];
  long memory = 0;
  snprintf(name, sizeof name, "/proc/%d/status", options.server);
  FILE *file = fopen(name, "r");
  if (!file) return 0;
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "VmRSS: %ld", &memory) == 1) break;
  fclose(file);
  return memory;
}

static double own_cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void hold(double took, double cpu, long memory_before) {
  run_until(now() + options.hold * 1e9);
  long memory = server_memory();
  printf("{\"connections\":%d,\"failed\":%d,\"connects_per_s\":%.0f,"
         "\"server_cpu_ms_per_connect\":%.3f,\"server_rss_kb\":%ld,\"kb_per_connection\":%.2f}\n",
         live, dead, live / took, cpu * 1000 / live, memory,
         (memory - memory_before) / (double)live);
}

static int ascending(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static void measure(void) {
  run_until(now() + 500000000); // the last joins
  double own = own_cpu(), cpu = server_cpu();
  uint64_t begin = now(), end = begin + options.seconds * 1e9, paced = 0;
  counting = true;
  for (int i = 0; i < options.clients; i++) keep_window_full(&clients[i]);
  while (now() < end) {
    uint64_t due = (now() - begin) / 1e9 * options.rate;
    for (; paced < due; paced++) {
      struct client *client = &clients[paced % options.senders];
      if (client->state == LIVE) send_message(client);
    }
    run_for(options.rate > 0 ? 1 : 20);
  }
  counting = false;
  double wall = (now() - begin) / 1e9;
  cpu = server_cpu() - cpu;
  own = own_cpu() - own;
  qsort(latencies, latency_count, sizeof *latencies, ascending);
  size_t last = latency_count ? latency_count - 1 : 0;
  printf("{\"clients\":%d,\"failed\":%d,\"sent_per_s\":%.0f,\"delivered_per_s\":%.0f,"
         "\"p50_us\":%u,\"p99_us\":%u,\"max_us\":%u,\"server_cpu_s\":%.2f,"
         "\"deliveries_per_server_cpu_s\":%.0f,\"load_cpu_s\":%.2f,\"server_rss_kb\":%ld}\n",
         live, dead, sent / wall, delivered / wall, latencies[latency_count / 2],
         latencies[latency_count * 99 / 100], latencies[last], cpu, cpu > 0 ? delivered / cpu : 0,
         own, server_memory());
}

static bool read_options(int count, char **arguments) {
  int letter;
  while ((letter = getopt(count, arguments, "m:p:n:s:w:r:d:l:j:P:H:R:")) > 0) switch (letter) {
    case 'm': options.echo = strcmp(optarg, "ws") == 0; break;
    case 'p': options.path = optarg; break;
    case 'n': options.clients = atoi(optarg); break;
    case 's': options.senders = atoi(optarg); break;
    case 'w': options.window = atoi(optarg); break;
    case 'r': options.rate = atof(optarg); break;
    case 'd': options.seconds = atof(optarg); break;
    case 'l': options.text_length = atoi(optarg); break;
    case 'j': options.join = optarg; break;
    case 'P': options.server = atoi(optarg); break;
    case 'H': options.hold = atof(optarg); break;
    case 'R': options.handshakes = atoi(optarg); break;
    default: return false;
  }
  if (optind + 2 != count) return false;
  options.host = arguments[optind];
  options.port = atoi(arguments[optind + 1]);
  if (!options.path) options.path = options.echo ? "/" : "/socket.io/?EIO=4&transport=websocket";
  if (options.senders > options.clients) options.senders = options.clients;
  if (options.text_length > LONGEST_TEXT) options.text_length = LONGEST_TEXT;
  memset(text, 'x', options.text_length);
  return options.clients > 0 && options.senders > 0;
}

int main(int count, char **arguments) {
  if (!read_options(count, arguments)) {
    fprintf(stderr, "usage: chat_load [options] HOST PORT, see the source\n");
    return 2;
  }
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  clients = calloc(options.clients, sizeof *clients);
  latencies = calloc(SAMPLES + 1, sizeof *latencies);
  poller = epoll_create1(0);

  long memory = server_memory();
  double cpu = server_cpu();
  uint64_t begin = now();
  int next = 0;
  while (live + dead < options.clients && now() - begin < 120000000000ull) {
    for (; next < options.clients && starting < options.handshakes; next++)
      start(&clients[next], next);
    run_for(100);
  }
  if (live == 0) {
    printf("{\"error\":\"no connection\"}\n");
    return 1;
  }
  if (options.hold > 0) hold((now() - begin) / 1e9, server_cpu() - cpu, memory);
  else measure();
  return 0;
}
