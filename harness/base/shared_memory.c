/* SPDX-License-Identifier: MIT
 *
 * memfd_create, ftruncate, mmap; nothing else.
 */
#include "harness/base/shared_memory.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int shared_memory_create(struct shared_memory *shared, const char *name, size_t size,
                         struct failure *failure)
{
    int fd = memfd_create(name, MFD_CLOEXEC);
    if (fd < 0) {
        return failure_errno(failure, FAILURE_ENVIRONMENT, errno, "cannot create shared memory");
    }
    if (ftruncate(fd, (off_t)size) != 0) {
        int error = errno;
        (void)close(fd);
        return failure_errno(failure, FAILURE_ENVIRONMENT, error,
                             "cannot size shared memory to %zu bytes", size);
    }
    if (shared_memory_map(shared, fd, true, failure) != 0) {
        (void)close(fd);
        return -1;
    }
    return 0;
}

int shared_memory_map(struct shared_memory *shared, int fd, bool writable, struct failure *failure)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return failure_errno(failure, FAILURE_ENVIRONMENT, errno, "shared memory descriptor %d",
                             fd);
    }
    int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    void *memory = mmap(NULL, (size_t)status.st_size, protection, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        return failure_errno(failure, FAILURE_ENVIRONMENT, errno,
                             "cannot map %lld bytes of shared memory", (long long)status.st_size);
    }
    shared->memory = memory;
    shared->size = (size_t)status.st_size;
    shared->fd = fd;
    return 0;
}

void shared_memory_release(struct shared_memory *shared)
{
    if (shared->memory != NULL) {
        (void)munmap(shared->memory, shared->size);
    }
    if (shared->fd >= 0) {
        (void)close(shared->fd);
    }
    shared->memory = NULL;
    shared->size = 0;
    shared->fd = -1;
}
