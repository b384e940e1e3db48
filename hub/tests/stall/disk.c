/* A disk that stalls, or is slow, below one folder: preloaded into the hub by a test.
   While the file STALL_FLAG exists, whoever writes to a file below STALL_FOLDER, or syncs one,
   waits; otherwise each sync takes STALL_SYNC_MILLIS longer than the real one, and what was synced
   is told in STALL_LOG, a line each. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static void sleep_millis(long millis) {
    struct timespec time = {millis / 1000, millis % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static int path_of(int fd, char *path, size_t size) {
    char link[64];
    ssize_t len;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    len = readlink(link, path, size - 1);
    path[len < 0 ? 0 : len] = 0;
    return len > 0;
}

static int is_below_folder(int fd) {
    const char *folder = getenv("STALL_FOLDER");
    char path[4096];
    return folder && path_of(fd, path, sizeof path) && strncmp(path, folder, strlen(folder)) == 0;
}

static int tell(int fd, int synced) {
    const char *log = getenv("STALL_LOG");
    char path[4096];
    FILE *file = log && path_of(fd, path, sizeof path) ? fopen(log, "a") : NULL;
    if (file) {
        fprintf(file, "%s\n", path);
        fclose(file);
    }
    return synced;
}

static void wait_for_disk(int fd) {
    const char *flag = getenv("STALL_FLAG");
    if (!flag || access(flag, F_OK) != 0 || !is_below_folder(fd)) return;
    while (access(flag, F_OK) == 0) sleep_millis(2);
}

static void sync_slowly(int fd) {
    const char *millis = getenv("STALL_SYNC_MILLIS");
    wait_for_disk(fd);
    if (millis && is_below_folder(fd)) sleep_millis(atol(millis));
}

#define REAL(name) (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *bytes, size_t len) {
    wait_for_disk(fd);
    return (REAL(write))(fd, bytes, len);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at) {
    wait_for_disk(fd);
    return (REAL(pwrite))(fd, bytes, len, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at) {
    wait_for_disk(fd);
    return (REAL(pwrite64))(fd, bytes, len, at);
}

int ftruncate(int fd, off_t len) {
    wait_for_disk(fd);
    return (REAL(ftruncate))(fd, len);
}

int fsync(int fd) {
    sync_slowly(fd);
    return tell(fd, (REAL(fsync))(fd));
}

int fdatasync(int fd) {
    sync_slowly(fd);
    return tell(fd, (REAL(fdatasync))(fd));
}
