"""The fields of an Instance, and what a difference in each means."""

from __future__ import annotations

from typing import Final

from novita_infra.api.json_values import text_of
from novita_infra.kinds.field import (
    By,
    Cases,
    Comparison,
    Default,
    Field,
    Grows,
    Key,
    Local,
    Refusal,
    Replaces,
    Secrecy,
)
from novita_infra.kinds.instance import forms, offers
from novita_infra.kinds.instance.timing import TIME_FIELDS
from novita_infra.kinds.toolkit import other_words, wishes
from novita_infra.kinds.toolkit.field_keys import READ, texts
from novita_infra.kinds.toolkit.field_schemas import (
    CHOICE,
    COMMAND,
    CUDA,
    ENV,
    IMAGE,
    MOUNT_PATH,
    PORT,
    REFERENCE,
    STORAGE_MOUNTS,
    TEXT,
    closed,
)
from novita_infra.kinds.toolkit.owner_marks import env_without_mark
from novita_infra.kinds.toolkit.translation import ports_list, ports_of, ports_text, storages_of

_CREATE: Final = "gpu-instance-create-instance"
_UPGRADE: Final = f"{_CREATE}, gpu-instance-upgrade-instance"


def _replaces(what: str) -> Replaces:
    return Replaces(f"the API cannot change {what} of an instance")


_SETTINGS: Final = {"type": "object", "required": ["enabled"], "additionalProperties": False}

FIELDS: Final = (
    Field(
        name="name",
        schema=TEXT,
        doc="Its name in the account; default: the name of the resource. Names need not be unique there.",
        api=f"name ({_CREATE})",
        keys={"create": Key("name", text_of), READ: Key("name", forms.known_text_of)},
        change=_replaces("the name"),
    ),
    Field(
        name="type",
        schema={"enum": ["gpu", "cpu"]},
        doc="Whether it has GPUs; default: as the product.",
        api=f"kind ({_CREATE}, gpu-instance-create-cpu-instance)",
        keys={READ: Key("kind", forms.known_text_of)},
        change=_replaces("the type"),
    ),
    Field(
        name="product",
        other_names=other_words.PRODUCT,
        schema={
            "type": "object",
            "properties": {
                "gpu": TEXT,
                "cpu": TEXT,
                "id": TEXT,
                "anyOf": offers.SCHEMA,
                "choose": CHOICE,
                **wishes.SCHEMAS,
            },
            "if": {"anyOf": [{"required": [name]} for name in wishes.SCHEMAS]},
            "else": {"oneOf": [{"required": [name]} for name in ("gpu", "cpu", "id", "anyOf")]},
            "additionalProperties": False,
        },
        doc="The product to rent: {gpu: NAME} or {cpu: NAME}, a product's name or a part that fits no other "
        "(`RTX 4090`), {id: ID}, what it must have ({minGpuMemoryGb: 40}), or several in the order of preference: "
        "{anyOf: [...]}.",
        api=f"productId ({_CREATE}; names from gpu-instance-list-products and gpu-instance-list-cpu-products)",
        change=_replaces("the product"),
        required=True,
        compared=forms.is_product,
    ),
    Field(
        name="gpuCount",
        other_names=other_words.GPUS,
        schema={"type": "integer", "minimum": 1, "maximum": 8},
        doc="The number of GPUs, 1-8; default 1.",
        api=f"gpuNum ({_CREATE})",
        keys={READ: Key("gpuNum", forms.positive_of)},
        change=_replaces("the number of GPUs"),
        absent=Default(1),
    ),
    Field(
        name="cluster",
        other_names=other_words.PLACE,
        schema=TEXT,
        doc="The data centre, by id or name; default: that of a storage or VPC it names, else any.",
        api=f"clusterId ({_CREATE}; names from gpu-instance-list-clusters)",
        keys={"create": Key("clusterId", text_of), READ: Key("clusterId", forms.known_text_of)},
        change=_replaces("the cluster"),
    ),
    Field(
        name="image",
        schema=IMAGE,
        doc="The container image; may come from the template.",
        api=f"imageUrl ({_UPGRADE})",
        keys=texts("imageUrl", "create", "upgrade"),
        change=By("upgrade"),
    ),
    Field(
        name="registryAuth",
        other_names=other_words.CREDENTIAL,
        schema=REFERENCE,
        doc="The saved credential for a private image; may come from the template.",
        api=f"imageAuthId ({_UPGRADE})",
        keys=texts("imageAuthId", "create", "upgrade"),
        change=By("upgrade"),
        absent=Default(""),
        refers="registry_auth",
    ),
    Field(
        name="registryLogin",
        schema=closed(username=TEXT, password={"type": "string", "minLength": 1, "maxLength": 9983, "writeOnly": True}),
        doc="A credential that is given once, at the create; an upgrade cannot give it again, registryAuth can.",
        api=f"imageAuth, as username:password ({_CREATE})",
        keys={"create": Key("imageAuth", forms.login_text)},
        change=_replaces("the inline credential"),
        secrecy=Secrecy.VALUE,
    ),
    Field(
        name="command",
        other_names=other_words.COMMAND,
        schema=COMMAND,
        doc="Replaces the image's command; may come from the template.",
        api=f"command ({_UPGRADE})",
        keys=texts("command", "create", "upgrade"),
        change=By("upgrade"),
        absent=Default(""),
        secrecy=Secrecy.TEXT,
    ),
    Field(
        name="entrypoint",
        other_names=other_words.ENTRYPOINT,
        schema=COMMAND,
        doc="Replaces the image's entrypoint; may come from the template.",
        api=f"entrypoint ({_UPGRADE})",
        keys=texts("entrypoint", "create", "upgrade"),
        change=By("upgrade"),
        absent=Default(""),
        secrecy=Secrecy.TEXT,
    ),
    Field(
        name="env",
        other_names=other_words.VARIABLES,
        schema=ENV,
        doc="Environment variables, at most 100; merged with those of the template, over which it takes precedence.",
        api=f"envs ({_UPGRADE})",
        keys={READ: Key("envs", env_without_mark)},
        change=By("upgrade"),
        absent=Default({}),
        secrecy=Secrecy.ITEMS,
    ),
    Field(
        name="ports",
        schema={"type": "array", "items": PORT, "maxItems": 15},
        doc="The ports to open, such as `8888/http` and `22/tcp`; at most 15 with those of the tools.",
        api=f"ports ({_CREATE}, gpu-instance-edit-instance); portMappings when read",
        keys={
            "create": Key("ports", ports_text),
            "edit": Key("ports", ports_list),
            READ: Key("portMappings", ports_of),
        },
        change=By("edit"),
        absent=Default([]),
        compared=Comparison.AS_SET,
        entry_key="port",
    ),
    Field(
        name="tools",
        schema={
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "name": {"enum": ["Jupyter"]},
                    "port": {"type": "integer", "minimum": 1, "maximum": 65535},
                    "type": {"enum": ["http", "tcp"]},
                },
                "required": ["name", "port", "type"],
                "additionalProperties": False,
            },
            "maxItems": 15,
        },
        doc="Tools of an official image to open: {name: Jupyter, port: 8888, type: http}.",
        api=f"tools ({_CREATE}); not read back",
        keys={"create": Key("tools", forms.tools_list)},
        change=_replaces("the tools"),
        absent=Default([]),
        compared=Comparison.AS_SET,
        entry_key="name",
    ),
    Field(
        name="rootDiskGb",
        other_names=other_words.DISK,
        schema={"type": "integer", "minimum": 10, "maximum": 6144},
        doc=f"The root disk of a GPU instance in GB, 10-6144; default {forms.FREE_ROOT_GB}, which are free.",
        api=f"rootfsSize ({_CREATE}); expandRootDisk, an increment (gpu-instance-edit-instance)",
        keys={READ: Key("rootfsSize", forms.positive_of)},
        change=Grows("edit", shrinking=Replaces("a root disk cannot shrink")),
    ),
    Field(
        name="localStorage",
        other_names=other_words.SCRATCH,
        schema=closed(mountPath=MOUNT_PATH),
        doc="Where the local disk is mounted; default `/workspace`.",
        api=f"localStorageMountPoint ({_CREATE}, gpu-instance-create-cpu-instance)",
        keys={"create": Key("localStorageMountPoint", forms.local_path), READ: Key("volumeMounts", forms.local_of)},
        change=_replaces("the mount of the local disk"),
    ),
    Field(
        name="networkStorages",
        other_names=other_words.MOUNTS,
        schema=STORAGE_MOUNTS,
        doc="Network storages of the same cluster and where they are mounted, at most 30.",
        api=f"networkStorages ({_CREATE}), networkVolume.volumeMounts (gpu-instance-upgrade-instance)",
        keys={
            "create": Key("networkStorages", forms.created_mounts),
            "upgrade": Key("networkVolume", forms.upgraded_mounts),
            READ: Key("volumeMounts", storages_of),
        },
        change=By("upgrade"),
        absent=Default([]),
        compared=Comparison.AS_SET,
        refers="network_storage",
        refers_at=("*", "storage"),
        entry_key="mountPath",
    ),
    Field(
        name="vpc",
        other_names=("network", "networkid", "subnet", "networkmode"),
        schema=REFERENCE,
        doc="The private network of the same cluster that it joins.",
        api=f"networkId ({_CREATE}); network.id, only when read one by one (gpu-instance-get-instance)",
        keys={"create": Key("networkId", text_of), READ: Key("network", forms.vpc_of)},
        change=_replaces("the VPC"),
        absent=Default(""),
        refers="vpc",
    ),
    Field(
        name="billingMode",
        other_names=("spot", "interruptible", "preemptible", "pricing"),
        schema={"enum": ["onDemand", "monthly", "spot"]},
        doc="How a GPU instance is paid for; default onDemand.",
        api=f"billingMode ({_CREATE}, gpu-instance-change-billing-instance)",
        change=Cases(
            {
                ("onDemand", "monthly"): By("convert"),
                ("monthly", "onDemand"): Refusal(
                    "a subscription cannot be turned back; it ends by itself at its endTime"
                ),
                ("monthly", "spot"): Refusal("a subscription cannot be turned back; it ends by itself at its endTime"),
            },
            otherwise=_replaces("spot billing"),
        ),
        absent=Default("onDemand"),
    ),
    Field(
        name="months",
        schema={"type": "integer", "minimum": 1},
        doc="How many months a monthly instance is paid for in all; raising it buys the difference. Only an imported "
        "instance may do without, if `ignoreChanges` names it.",
        api=f"month ({_CREATE}, gpu-instance-renewal-instance, gpu-instance-change-billing-instance); not read back",
        change=Grows("renew", shrinking=Refusal("months that are paid for cannot be given back")),
    ),
    Field(
        name="autoRenew",
        schema={
            **_SETTINGS,
            "properties": {
                "enabled": {"type": "boolean"},
                "months": {"type": "integer", "minimum": 1, "maximum": 12},
            },
        },
        doc="Whether a monthly instance renews itself, and for how many months (1-12, default 1).",
        api=f"autoRenew, autoRenewMonth ({_CREATE}, gpu-instance-set-autorenew); not read back",
        change=By("setAutoRenew"),
        absent=Default({"enabled": False}),
        compared=lambda wanted, found: forms.renewal(wanted) == forms.renewal(found),
    ),
    Field(
        name="autoMigrate",
        schema={
            **_SETTINGS,
            "properties": {"enabled": {"type": "boolean"}, "systemDisk": {"type": "boolean"}},
        },
        doc="Whether it migrates to another node when its hardware fails, and whether with its system disk.",
        api="autoMigrateOpen, autoMigrateSystemDisk (gpu-instance-set-auto-migrate); not read back",
        change=By("setAutoMigrate"),
        absent=Default({"enabled": False}),
        created=False,
        compared=lambda wanted, found: forms.migration(wanted) == forms.migration(found),
    ),
    Field(
        name="minCudaVersion",
        schema=CUDA,
        doc="The lowest CUDA version that the machine's driver must support, such as `12.4`.",
        api=f"minCudaVersion ({_CREATE}); not read back",
        keys={"create": Key("minCudaVersion", text_of)},
        change=_replaces("the lowest CUDA version"),
    ),
    *TIME_FIELDS,
    Field(
        name="template",
        other_names=("templateid",),
        schema=REFERENCE,
        doc="The template for undeclared fields: image, registryAuth, command, entrypoint, env, ports, disk, CUDA.",
        api="nothing: the values are copied",
        change=Local(),
        refers="template",
    ),
    Field(
        name="keepData",
        schema={"type": "boolean"},
        doc="Whether an upgrade keeps the container's data; default true.",
        api="save (gpu-instance-upgrade-instance)",
        change=Local(),
    ),
)
"""Of `spec`, in the order in which they are shown."""
