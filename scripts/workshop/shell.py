"""Running programs, saying what happens, and doing a step only once."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

from . import paths


class SetupError(Exception):
    """Something the reader has to do by hand; the text says what."""


def say(text: str) -> None:
    print(text, flush=True)


def run(*command, **options) -> subprocess.CompletedProcess:
    """Run a command; on failure raise SetupError with the end of its output.

    The output goes through a file, not a pipe: a server that the command leaves
    behind keeps its end of a pipe open, and we would wait for it for ever.
    """
    words = [str(word) for word in command]
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **options,
        )
        output.seek(0)
        done.stdout = output.read()
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-40:])
        raise SetupError(f"{' '.join(words[:4])} failed ({done.returncode}):\n{tail}")
    return done


def as_root(*command) -> subprocess.CompletedProcess:
    """Run a command as root, through sudo where we are somebody else."""
    if os.geteuid() == 0:
        return run(*command)
    if shutil.which("sudo"):
        return run("sudo", *command)
    raise SetupError(
        "This needs root once; run as root or install sudo:\n  "
        + " ".join(map(str, command))
    )


def fingerprint(*inputs) -> str:
    """One hash over texts and the contents of files."""
    digest = hashlib.sha256()
    for item in inputs:
        data = item.read_bytes() if hasattr(item, "read_bytes") else str(item).encode()
        digest.update(data + b"\0")
    return digest.hexdigest()


def once(name: str, inputs: str, step) -> None:
    """Run `step` unless it was done before with the same inputs."""
    stamp = paths.STAMPS / name
    if stamp.exists() and stamp.read_text() == inputs:
        return
    started = time.monotonic()
    say(f"· {name} …")
    step()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(inputs)
    say(f"  {name}: {time.monotonic() - started:.0f} s")


def main(function) -> None:
    """Run a script's function; a SetupError is printed without a traceback."""
    try:
        sys.exit(function())
    except SetupError as error:
        sys.exit(f"\n{error}")
    except KeyboardInterrupt:
        sys.exit(130)
