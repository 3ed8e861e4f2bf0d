"""Runs a command in a pseudo-terminal, and closes the terminal when the command has printed a word.

usage: pseudo_terminal.py WORD COMMAND [ARGUMENT ...]

If WORD is empty, the terminal stays open. Prints the output of the terminal, then one line: the exit
code of the command, or minus the number of the signal that ended it.
"""

import os
import pty
import re
import signal
import sys

signal.alarm(120)  # so that a command that does not end cannot block a test

word, *command = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)

printed = b""
while True:
    try:
        block = os.read(terminal, 65536)
    except OSError:  # the command has ended
        break
    if not block:
        break
    printed += block
    if word and re.search(word.encode(), printed):
        os.close(terminal)  # the window is closed: the system sends SIGHUP
        break

_, status = os.waitpid(pid, 0)
code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
sys.stdout.buffer.write(printed + f"\n{code}\n".encode())
