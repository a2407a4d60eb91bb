/*
 * The baseline for files, in C: one sender over HTTP, and receivers that get each block as it comes. No names, no digest, no sync, and
 * the slowest receiver holds up all.   spool <file> <receivers>
 * PUT is taken once so many GET have come, and each block is written to the file and to them; a later GET gets the file, by sendfile.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 256 * 1024, HEAD = 4096, MOST_RECEIVERS = 64 };

static void put(int to, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t done = write(to, bytes, length);
    if (done <= 0) return;
    bytes += done;
    length -= (size_t)done;
  }
}

static void say(int to, const char *text) { put(to, text, strlen(text)); }

static void *stop_with_parent(void *unused) {
  char byte;
  while (read(0, &byte, 1) > 0) {
  }
  exit(0);
  return unused;
}

static void give(int to, int file) {
  char head[128];
  struct stat about;
  off_t from = 0;
  fstat(file, &about);
  snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %lld\r\n\r\n", (long long)about.st_size);
  say(to, head);
  while (from < about.st_size && sendfile(to, file, &from, 1 << 20) > 0) {
  }
  close(to);
}

int main(int count, char **args) {
  if (count < 3) return 2;
  int file = open(args[1], O_RDWR | O_CREAT, 0600), server = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int receivers[MOST_RECEIVERS], waiting = 0, wanted = atoi(args[2]), kept = 0, sender = -1;
  static char block[BLOCK], put_head[HEAD];
  pthread_t thread;

  signal(SIGPIPE, SIG_IGN);
  if (file < 0 || wanted > MOST_RECEIVERS) return 1;
  if (bind(server, (struct sockaddr *)&address, size) < 0 || listen(server, 64) < 0) return 1;
  getsockname(server, (struct sockaddr *)&address, &size);
  printf("{\"port\":%d}\n", ntohs(address.sin_port));
  fflush(stdout);
  pthread_create(&thread, NULL, stop_with_parent, NULL);

  for (;;) {
    char head[HEAD] = "";
    int client = accept(server, NULL, NULL);
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (size_t at = 0; at < HEAD - 1 && !strstr(head, "\r\n\r\n") && read(client, head + at, 1) == 1; at++) {
    }
    if (strncmp(head, "PUT", 3) == 0) {
      sender = client;
      memcpy(put_head, head, HEAD);
    } else if (strncmp(head, "GET", 3) != 0) {
      close(client);
    } else if (kept || waiting == wanted) {
      give(client, file);
    } else {
      say(client, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
      receivers[waiting++] = client;
    }
    if (sender < 0 || waiting < wanted) continue;

    const char *length = strcasestr(put_head, "\r\nContent-Length:");
    if (length == NULL || ftruncate(file, 0) < 0 || lseek(file, 0, SEEK_SET) < 0) return 1;
    if (strcasestr(put_head, "100-continue")) say(sender, "HTTP/1.1 100 Continue\r\n\r\n");
    for (long long left = atoll(length + 17); left > 0;) {
      ssize_t got = read(sender, block, BLOCK);
      if (got <= 0) return 1;
      left -= got;
      put(file, block, (size_t)got);
      for (int each = 0; each < waiting; each++) put(receivers[each], block, (size_t)got);
    }
    say(sender, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    for (int each = 0; each < waiting; each++) close(receivers[each]);
    close(sender);
    sender = -1;
    kept = 1;
  }
}
