# SPDX-License-Identifier: Apache-2.0
"""Runs a command and prints its CPU seconds, wall seconds and peak MiB: measure.py COMMAND …

Until it has called exec, a child shares the memory of the process that starts it, and Linux counts that
in the child's ru_maxrss. Started from here, where nothing is loaded, that is 10 MiB and not the log that
a benchmark may hold."""
import os, sys, time

start = time.monotonic()
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[
    (os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)])
_, status, usage = os.wait4(child, 0)
print(usage.ru_utime + usage.ru_stime, time.monotonic() - start, usage.ru_maxrss / 1024)
sys.exit(os.waitstatus_to_exitcode(status) != 0)
