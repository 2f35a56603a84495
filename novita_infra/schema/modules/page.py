"""The head of the page about modules. Nothing here validates."""

from __future__ import annotations

from typing import Final

from novita_infra.schema.modules.interface import INTERFACE_EXAMPLE
from novita_infra.schema.modules.use import EXAMPLE as USE_EXAMPLE

MODULES: Final = f"""\
# Modules

A module is a folder with a file `novita-infra-module.yaml` and manifests. A project uses it once or for several keys.
`novita-infra explain Module` and `novita-infra explain ModuleInterface` print the same. [The reference](index.md).
[An example project](../../examples/modules).

```yaml
{USE_EXAMPLE.rstrip()}
```

```yaml
{INTERFACE_EXAMPLE.rstrip()}
```

* Names inside of a module are local: `${{instance.head.ip}}` there is the head of this use of the module. In the state,
  in plans and for `--target` it is `module.train["eu"].instance.head`; `--target module.train` means all of it.
* Expressions in a module read its inputs as `${{var.NAME}}`. It knows nothing else of the project but `project.name`,
  `environment.name` and the environment of the shell. `file` reads in the folder of the module.
* The project reads its outputs: `${{module.train["eu"].head}}`, `${{module.train[*].head}}`; without `forEach`
  `${{module.train.head}}`.
* An input may be a value that is known after apply, such as `${{network_storage.shared.id}}`. The keys of a `forEach`
  inside of the module may not.
* The default name of an object is `train-eu-head`. Defaults of the project apply to modules, too.
* `patches:` of a use change resources in it, with the rules of an [environment's patches](project.md#environments):
  `{{target: instance.head, spec: {{rootDiskGb: 100}}}}`. Expressions have the names of their file, `each` included.
  An environment patches by the whole address, `module.train.instance.head` for all keys of the module, and comes last.
* `locals:` of a module are values that its expressions read as `${{local.NAME}}`.
* `dependsOn: [module.train]` waits for all resources in it, `module.train["eu"]` for those of one use.
* `novita-infra why` leads from a value in a module to the line of its caller, and to what that reads.
* `moved` in the project file moves a resource into a module: `{{from: instance.head, to: module.train.instance.head}}`.
* Modules may use modules: the source is relative to the file that names it, and inside of the project's folder.

## Modules from git

```yaml
spec:
  source: git::https://github.com/acme/modules.git//train?ref=v1.2.0
```

* The form is that of Terraform: `git::`, the address of the repository, `//` and a folder in it, `?ref=` with a branch,
  a tag or a whole commit. Without `//` the repository is the module; without `ref` it is the default branch. The
  address begins with `https://`, `ssh://` or `file://`.
* `novita-infra modules install` fetches what the lock file `novita-infra.lock.yaml` pins, and pins what it does not pin
  yet: the commit of each repository, and a digest of the files of each module. `novita-infra modules update [NAME...]`
  moves the pins to what the refs are now. Commit the lock file.
* Every other command takes what is pinned, and moves no pin. The files are in the user's cache (`NOVITA_INFRA_CACHE`,
  else `~/.cache/novita-infra`), and their digest is verified at each use: with them no network is needed. Where the
  cache lacks them, the pinned commit is fetched.
* The program `git` fetches, with its own settings and credentials: credential helpers, ssh keys, `GIT_ASKPASS`. It
  never asks. A source that holds a password or a token is refused. Neither hooks nor filters nor submodules are run.
* A module from git reads nothing outside of its folder: no link, no `file()` and no `{{fromFile: ...}}` leads out of
  it. With `../common` it uses a module of its own repository, at the same commit. At most 2,000 files with 32 MB are
  read.
"""
