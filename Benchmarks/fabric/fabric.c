// SPDX-License-Identifier: Apache-2.0
// Round trips through a Solvent broker (job table, credit, leases, heartbeats) beside a bare zmq_proxy
// hop, over tcp on the loopback, in alternating runs. See ./run.
//
//   client (DEALER, 200 outstanding) <-> broker or proxy <-> 2 workers (DEALER) that echo the payload
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { HELLO = 1, WELCOME = 2, READY = 3, JOB = 4, RESULT = 5, WINDOW = 200, WORKERS = 2 };

static void *context;
static volatile int stopping;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static void *dealer(const char *address) {
  void *socket = zmq_socket(context, ZMQ_DEALER);
  int zero = 0, timeout = 3000, marks = 10000;
  zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero);
  zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
  zmq_setsockopt(socket, ZMQ_SNDHWM, &marks, sizeof marks);
  zmq_setsockopt(socket, ZMQ_RCVHWM, &marks, sizeof marks);
  if (zmq_connect(socket, address)) { perror(address); exit(1); }
  return socket;
}

static void header(uint8_t *h, uint8_t command, uint16_t service, uint64_t sequence, uint64_t argument) {
  memset(h, 0, 32);
  h[0] = 'S'; h[1] = 'V'; h[2] = 1; h[3] = command;
  memcpy(h + 6, &service, 2);
  uint64_t epoch = 7;
  if (sequence) { memcpy(h + 8, &epoch, 8); memcpy(h + 16, &sequence, 8); }
  memcpy(h + 24, &argument, 8);
}

// The payload of HELLO in CBOR: {1: role, 2: "b", 3: 1, 4: "b", 5: services, 6: routes}.
static void greet(void *socket, int is_worker) {
  static const uint8_t worker[] = {0xa6, 1, 2, 2, 0x61, 'b', 3, 1, 4, 0x61, 'b', 5, 0x81, 0x64, 'e', 'c', 'h', 'o', 6, 0x80};
  static const uint8_t producer[] = {0xa6, 1, 1, 2, 0x61, 'b', 3, 1, 4, 0x61, 'b', 5, 0x80, 6, 0x81, 0x81, 0x64, 'e', 'c', 'h', 'o'};
  uint8_t h[32];
  header(h, HELLO, 0, 0, 0);
  zmq_send(socket, h, 32, ZMQ_SNDMORE);
  if (is_worker) zmq_send(socket, worker, sizeof worker, 0); else zmq_send(socket, producer, sizeof producer, 0);
}

struct place { const char *address; int is_broker; };

// Echoes. Behind a proxy the frames are [id] [header] [payload], behind the broker [header] [payload].
static void *work(void *argument) {
  struct place *place = argument;
  void *socket = dealer(place->address);
  zmq_msg_t frames[4];
  if (place->is_broker) greet(socket, 1);
  while (!stopping) {
    int count = 0, more = 1;
    while (more) {
      zmq_msg_init(&frames[count]);
      if (zmq_msg_recv(&frames[count], socket, 0) < 0) { zmq_close(socket); return 0; }
      more = zmq_msg_more(&frames[count]);
      count++;
    }
    if (place->is_broker) {
      uint8_t *h = zmq_msg_data(&frames[0]);
      if (h[3] == WELCOME) { uint8_t ready[32]; header(ready, READY, 0, 0, WINDOW); zmq_send(socket, ready, 32, 0); }
      if (h[3] != JOB) { for (int i = 0; i < count; i++) zmq_msg_close(&frames[i]); continue; }
      h[3] = RESULT;
    }
    for (int i = 0; i < count; i++) zmq_msg_send(&frames[i], socket, i + 1 < count ? ZMQ_SNDMORE : 0);
  }
  zmq_close(socket);
  return 0;
}

static double trips(struct place *place, int size, int total) {
  void *socket = dealer(place->address);
  static uint64_t next = 1;
  uint8_t h[32];
  zmq_msg_t frame;
  if (place->is_broker) {
    greet(socket, 0);
    do {
      zmq_msg_init(&frame);
      if (zmq_msg_recv(&frame, socket, 0) < 0) { fprintf(stderr, "no welcome\n"); exit(1); }
      h[3] = ((uint8_t *)zmq_msg_data(&frame))[3];
      int more = zmq_msg_more(&frame);
      zmq_msg_close(&frame);
      if (more) { zmq_msg_init(&frame); zmq_msg_recv(&frame, socket, 0); zmq_msg_close(&frame); }
    } while (h[3] != WELCOME);
  }
  double start = now();
  int sent = 0, got = 0;
  while (got < total) {
    while (sent < total && sent - got < WINDOW) {
      header(h, JOB, 0, next++, 0);
      zmq_send(socket, h, 32, ZMQ_SNDMORE);
      zmq_msg_init_size(&frame, size);
      memset(zmq_msg_data(&frame), 7, size);
      zmq_msg_send(&frame, socket, 0);
      sent++;
    }
    zmq_msg_init(&frame);
    if (zmq_msg_recv(&frame, socket, 0) < 0) { fprintf(stderr, "stuck at %d of %d\n", got, total); exit(1); }
    uint8_t command = ((uint8_t *)zmq_msg_data(&frame))[3];
    int more = zmq_msg_more(&frame);
    zmq_msg_close(&frame);
    if (more) { zmq_msg_init(&frame); zmq_msg_recv(&frame, socket, 0); zmq_msg_close(&frame); }
    // The broker's heartbeats come in between.
    if (command == RESULT || !place->is_broker) got++;
  }
  double seconds = now() - start;
  zmq_close(socket);
  return total / seconds;
}

static void *proxy(void *argument) {
  (void)argument;
  void *front = zmq_socket(context, ZMQ_ROUTER), *back = zmq_socket(context, ZMQ_DEALER);
  int marks = 10000;
  zmq_setsockopt(front, ZMQ_SNDHWM, &marks, sizeof marks); zmq_setsockopt(front, ZMQ_RCVHWM, &marks, sizeof marks);
  zmq_setsockopt(back, ZMQ_SNDHWM, &marks, sizeof marks); zmq_setsockopt(back, ZMQ_RCVHWM, &marks, sizeof marks);
  zmq_bind(front, "tcp://127.0.0.1:7453");
  zmq_bind(back, "tcp://127.0.0.1:7454");
  zmq_proxy(front, back, NULL);
  return 0;
}

static int ascending(const void *a, const void *b) { return (*(double *)a > *(double *)b) - (*(double *)a < *(double *)b); }

int main(int count, char **words) {
  if (count < 3) { fprintf(stderr, "fabric SOLVENT-BROKER ROUNDS\n"); return 64; }
  int rounds = atoi(words[2]);
  pid_t proxy_pid = fork();
  // A process of its own, as the broker is.
  if (proxy_pid == 0) { context = zmq_ctx_new(); proxy(0); _exit(0); }
  pid_t broker_pid = fork();
  if (broker_pid == 0) {
    execl(words[1], words[1], "--broker", "tcp://127.0.0.1:7450", "--insecure-tcp", "--data", ".build-bench/fabric", "--log-level", "error", NULL);
    _exit(1);
  }
  context = zmq_ctx_new();
  struct place broker = {"tcp://127.0.0.1:7450", 1}, bare = {"tcp://127.0.0.1:7453", 0};
  struct place broker_back = {"tcp://127.0.0.1:7451", 1}, bare_back = {"tcp://127.0.0.1:7454", 0};
  pthread_t thread;
  sleep(1);
  for (int i = 0; i < WORKERS; i++) { pthread_create(&thread, 0, work, &broker_back); pthread_create(&thread, 0, work, &bare_back); }
  sleep(1);
  int sizes[] = {64, 36 * 1024}, totals[] = {60000, 8000};
  printf("%-10s %16s %16s %8s   (round trips per second, medians of %d)\n", "payload", "solvent-broker", "zmq_proxy", "ratio", rounds);
  for (int s = 0; s < 2; s++) {
    double ours[99], theirs[99];
    for (int r = 0; r < rounds && r < 99; r++) { ours[r] = trips(&broker, sizes[s], totals[s]); theirs[r] = trips(&bare, sizes[s], totals[s]); }
    qsort(ours, rounds, sizeof(double), ascending);
    qsort(theirs, rounds, sizeof(double), ascending);
    printf("%-10d %16.0f %16.0f %8.2f\n", sizes[s], ours[rounds / 2], theirs[rounds / 2], ours[rounds / 2] / theirs[rounds / 2]);
    fflush(stdout);
  }
  stopping = 1;
  kill(broker_pid, SIGTERM);
  kill(proxy_pid, SIGKILL);
  waitpid(broker_pid, 0, 0);
  waitpid(proxy_pid, 0, 0);
  _exit(0);
}
