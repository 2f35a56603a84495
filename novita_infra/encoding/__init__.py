"""Values and dataclasses to JSON and back, canonical bytes, and keyed digests in the place of secrets.

A secret never leaves here in clear. Knows resources and diagnostics, and no file.
"""

from novita_infra.encoding.decoding import decode_as
from novita_infra.encoding.digests import (
    derived_key,
    derived_slow_key,
    digest,
    hmac_of,
    is_key,
    is_slow,
    matches_digest,
    slow_key,
    stretched,
)
from novita_infra.encoding.json_text import parse_foreign_json, parse_json
from novita_infra.encoding.secret_sources import (
    Resolver,
    as_digest,
    as_source,
    decode_with_sources,
    encode_with_sources,
    reading_again,
)
from novita_infra.encoding.values import (
    Json,
    Malformed,
    SecretReader,
    SecretWriter,
    canonical,
    compact,
    decode,
    encode,
    fingerprint,
)
from novita_infra.model.json_forms import INLINE, text_form

__all__ = [
    "INLINE",
    "Json",
    "Malformed",
    "Resolver",
    "SecretReader",
    "SecretWriter",
    "as_digest",
    "as_source",
    "canonical",
    "compact",
    "decode",
    "decode_as",
    "decode_with_sources",
    "derived_key",
    "derived_slow_key",
    "digest",
    "encode",
    "encode_with_sources",
    "fingerprint",
    "hmac_of",
    "is_key",
    "is_slow",
    "matches_digest",
    "parse_foreign_json",
    "parse_json",
    "reading_again",
    "slow_key",
    "stretched",
    "text_form",
]
