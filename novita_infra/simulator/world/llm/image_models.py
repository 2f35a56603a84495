"""The catalogue of image models: a few checkpoints and their properties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """An entry of the catalogue."""

    id: int
    name: str
    sd_name: str
    type: str = "checkpoint"
    base: str = "SD 1.5"
    source: str = "civitai"
    inpaints: bool = False
    tags: tuple[str, ...] = ()

    @property
    def is_sdxl(self) -> bool:
        """Whether it is an SDXL model."""
        return self.base.startswith("SDXL")


CHECKPOINTS: Final = (
    Checkpoint(
        id=101, name="Stable Diffusion XL", sd_name="sd_xl_base_1.0.safetensors", base="SDXL 1.0", tags=("base",)
    ),
    Checkpoint(id=102, name="DreamShaper", sd_name="dreamshaper_8_93211.safetensors", tags=("portraits", "landscapes")),
    Checkpoint(
        id=103,
        name="DreamShaper Inpainting",
        sd_name="dreamshaper_8Inpainting_inpainting_96187.safetensors",
        inpaints=True,
        tags=("inpainting",),
    ),
    Checkpoint(
        id=104, name="epiCRealism", sd_name="epicrealism_naturalSinRC1VAE_106430.safetensors", tags=("photorealistic",)
    ),
    Checkpoint(id=105, name="Juggernaut XL", sd_name="juggernautXL_v9_rundiffusionphoto2.safetensors", base="SDXL 1.0"),
    Checkpoint(id=106, name="add_detail", sd_name="add_detail_44319", type="lora", tags=("detail",)),
    Checkpoint(
        id=107, name="Pixel Art XL", sd_name="pixel-art-xl-v1.1", type="lora", base="SDXL 1.0", tags=("pixel art",)
    ),
    Checkpoint(id=108, name="VAE ft MSE", sd_name="vae-ft-mse-840000-ema-pruned.safetensors", type="vae"),
    Checkpoint(id=109, name="Easy Negative", sd_name="easynegative_8955.safetensors", type="textualinversion"),
)
