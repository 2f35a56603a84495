"""Programs that give secrets, as scripts in a folder for PATH; a log of how each was called."""

from __future__ import annotations

import os
import stat
from pathlib import Path

SOPS = """\
#!/bin/sh
echo "sops $*" >> "$CALLS"
[ "$1 $2 $3" = "--decrypt --output-type json" ] || { echo "unknown option" >&2; exit 2; }
[ -n "$SOPS_AGE_KEY" ] || { echo "no key decrypts the data key of $4" >&2; exit 128; }
cat "$4"
"""
OP = """\
#!/bin/sh
echo "op $*" >> "$CALLS"
case "$1" in
  slow) sleep 60 ;;
  failing) echo "s3cret-of-the-command" ; echo "no session for s3cret-of-the-command, $OP_TOKEN" >&2; exit 6 ;;
  silent) exit 0 ;;
  bytes) printf '\\377' ;;
  flood) head -c 2000000 /dev/zero ;;
  environment) env ;;
  stored) cat "$(dirname "$CALLS")/stored" ;;
  read) printf '%s\\n' "value-of-$2" ;;
  *) printf '%s\\n' "value-of-$1" ;;
esac
"""


def programs(folder: Path) -> dict[str, str]:
    """The environment with a `sops` and an `op` on PATH."""
    folder.mkdir(exist_ok=True)
    for name, text in (("sops", SOPS), ("op", OP)):
        file = folder / name
        file.write_text(text, encoding="utf-8")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "CALLS": str(folder / "calls")}


def calls(folder: Path) -> list[str]:
    """How the programs were called, each call a line."""
    log = folder / "calls"
    return sorted(log.read_text(encoding="utf-8").splitlines()) if log.exists() else []
