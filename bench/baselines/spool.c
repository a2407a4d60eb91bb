/*
 * The baseline for files on their way, in C: one sender, and receivers that get each block as it comes. No names, no digest, no sync,
 * no protocol to parse, and the slowest receiver holds up all.   spool sink|relay|spool <file>
 *   sink:   reads only            relay: writes to each receiver            spool: writes to the file, then to each receiver
 * `PUT <size>\n<bytes>` is answered with `kept\n`; a client that sent `GET\n` before (`wait\n`) gets `file\n<bytes>` meanwhile;
 * `READ\n` gets `file\n` and the file's bytes, by sendfile.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 256 * 1024, MOST_RECEIVERS = 64 };

static void put(int to, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t done = write(to, bytes, length);
    if (done <= 0) return;
    bytes += done;
    length -= (size_t)done;
  }
}

static void *stop_with_parent(void *unused) {
  char byte;
  while (read(0, &byte, 1) > 0) {
  }
  exit(0);
  return unused;
}

int main(int count, char **args) {
  if (count < 3) return 2;
  int spools = strcmp(args[1], "spool") == 0, sinks = strcmp(args[1], "sink") == 0;
  int file = open(args[2], O_RDWR | O_CREAT, 0600), server = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int receivers[MOST_RECEIVERS], waiting = 0;
  static char block[BLOCK];
  pthread_t thread;

  signal(SIGPIPE, SIG_IGN);
  if (file < 0 || bind(server, (struct sockaddr *)&address, size) < 0 || listen(server, 64) < 0) return 1;
  getsockname(server, (struct sockaddr *)&address, &size);
  printf("{\"port\":%d}\n", ntohs(address.sin_port));
  fflush(stdout);
  pthread_create(&thread, NULL, stop_with_parent, NULL);

  for (;;) {
    char line[64] = "";
    int client = accept(server, NULL, NULL);
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (size_t at = 0; at < sizeof line - 1 && read(client, line + at, 1) == 1 && line[at] != '\n'; at++) {
    }
    if (strncmp(line, "GET", 3) == 0 && waiting < MOST_RECEIVERS) {
      receivers[waiting++] = client;
      put(client, "wait\n", 5);
      continue;
    }
    if (strncmp(line, "READ", 4) == 0) {
      struct stat about;
      off_t from = 0;
      fstat(file, &about);
      put(client, "file\n", 5);
      while (from < about.st_size && sendfile(client, file, &from, 1 << 20) > 0) {
      }
      close(client);
      continue;
    }
    for (int each = 0; each < waiting; each++) put(receivers[each], "file\n", 5);
    if (ftruncate(file, 0) < 0 || lseek(file, 0, SEEK_SET) < 0) return 1;
    for (long long left = atoll(line + 4); left > 0;) {
      ssize_t got = read(client, block, BLOCK);
      if (got <= 0) return 1;
      left -= got;
      if (spools) put(file, block, (size_t)got);
      for (int each = 0; each < waiting && !sinks; each++) put(receivers[each], block, (size_t)got);
    }
    put(client, "kept\n", 5);
    for (; waiting > 0; waiting--) close(receivers[waiting - 1]);
    close(client);
  }
}
