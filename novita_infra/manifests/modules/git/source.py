"""The source of a module in a git repository: `git::https://HOST/REPOSITORY.git//FOLDER?ref=REF`.

The same forms as in Terraform. A source holds no credentials, so all of it may be shown.
"""

from __future__ import annotations

import posixpath
import re
from typing import Final

from novita_infra.manifests.modules.git import GIT
from novita_infra.manifests.modules.no_module import NoModule
from novita_infra.model.frozen import dataclass

_SEPARATOR: Final = "//"
"""What stands between a repository and a folder or a file in it."""
_SCHEMES: Final = "git::https://, git::ssh:// or git::file://"
_EXAMPLE: Final = "such as git::https://github.com/acme/modules.git//train?ref=v1.2.0"

_URL: Final = re.compile(
    r"(?P<scheme>https|ssh|file)://(?:(?P<user>[^/]*)@)?(?P<host>[^/@]*)(?P<path>/[^?#]*)(?:\?(?P<query>[^#]*))?"
)
_SSH_URL: Final = re.compile(r"(?:[\w.-]+@)?[\w.-]+:[\w./~-]+")
"""The short form of ssh, such as `git@github.com:acme/modules.git`."""
_HOST: Final = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_USER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_UNFIT: Final = re.compile(r"""[\x00-\x20\x7f-\xa0"'\\<>|^`{}$]""")
_REF: Final = re.compile(r"(?!.*(?:\.\.|//|@\{|/\.|\.lock(?:/|$)))[A-Za-z0-9_][A-Za-z0-9_./+@-]*(?<![./])")
"""The names that git allows, without those that would be something else on its command line."""
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_LONGEST: Final = 1000


@dataclass(frozen=True, slots=True)
class GitSource:
    """A folder of a repository, at a ref."""

    url: str
    """Without credentials."""
    ref: str
    """A branch, a tag or a whole commit; empty for the default branch."""
    folder: str
    """The folder of the module in the repository; empty for the repository itself."""

    @property
    def repository(self) -> str:
        """What the lock file pins: `git::https://github.com/acme/modules.git?ref=v1.2.0`."""
        return f"{GIT}{self.url}{f'?ref={self.ref}' if self.ref else ''}"

    @property
    def name(self) -> str:
        """What the names of its files begin with, before a slash: the repository, then the folder."""
        return f"{self.repository}{_SEPARATOR}{self.folder}".removesuffix("/")

    @property
    def is_local(self) -> bool:
        """Whether the repository is on this machine."""
        return self.url.startswith("file://")

    @property
    def commit(self) -> str:
        """The commit that the ref names by itself; empty for a branch and a tag."""
        return self.ref if _COMMIT.fullmatch(self.ref) else ""

    def beside(self, path: str) -> GitSource:
        """Returns the source of another folder of the same repository. Raises NoModule for one outside of it."""
        folder = posixpath.normpath(path)
        if folder.startswith(("..", "/")):
            hint = "a module from git uses modules of its own repository, and such as begin with git::"
            raise NoModule("the source of a module is not inside of its repository", hint)
        return GitSource(self.url, self.ref, "" if folder == "." else folder)


def git_source(text: str) -> GitSource:
    """Returns the source in a text that begins with `git::`. Raises NoModule; no message repeats the text."""
    rest = text.removeprefix(GIT)
    match = _URL.fullmatch(rest)
    if "${" in rest:
        raise NoModule("the source of a module takes no expressions", "the lock file pins it as it is written")
    if match is None or len(rest) > _LONGEST:
        if "://" not in rest and _SSH_URL.fullmatch(rest):
            host, _, path = rest.partition(":")
            raise NoModule("this is no address of a repository", f"write git::ssh://{host}/{path}")
        raise NoModule("this is no address of a repository", f"it begins with {_SCHEMES}, {_EXAMPLE}")
    scheme, user, host, path = match["scheme"], match["user"], match["host"], match["path"]
    if user is not None and (scheme != "ssh" or not _USER.fullmatch(user)):
        hint = "leave out what stands before the @: git asks its credential helper, and ssh takes its keys"
        raise NoModule("the source of a module holds no credentials", hint)
    if scheme == "file" and host:
        raise NoModule("a repository on this machine has no host", "write three slashes: git::file:///srv/modules.git")
    if scheme != "file" and not _HOST.fullmatch(host):
        raise NoModule("this is no host of a repository", _EXAMPLE)
    repository, _, folder = path.partition(_SEPARATOR)
    if _UNFIT.search(path) or repository in ("", "/"):
        raise NoModule("this is no path of a repository", _EXAMPLE)
    login = f"{user}@" if user else ""
    return GitSource(f"{scheme}://{login}{host}{repository.rstrip('/')}", _ref_of(match["query"]), _folder_of(folder))


def source_of_file(name: str) -> tuple[GitSource, str] | None:
    """Returns the source of the repository that a file name begins with, and the file's path in it; None for others."""
    if not name.startswith(GIT):
        return None
    repository, _, path = name.rpartition(_SEPARATOR)
    url, _, ref = repository.removeprefix(GIT).partition("?ref=")
    return GitSource(url, ref, ""), path


def _ref_of(query: str | None) -> str:
    if not query:
        return ""
    name, _, ref = query.partition("=")
    if name != "ref" or "&" in query:
        raise NoModule("the source of a module has no parameter but ref", _EXAMPLE)
    if not _REF.fullmatch(ref):
        raise NoModule("this is no ref of git", "it is a branch, a tag or a whole commit: ?ref=v1.2.0")
    return ref


def _folder_of(text: str) -> str:
    parts = text.rstrip("/").split("/") if text else []
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in parts):
        raise NoModule("this is no folder of a repository", f"it stands behind two slashes, {_EXAMPLE}")
    return "/".join(parts)
