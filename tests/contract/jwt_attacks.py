"""Tokens made to be believed: RFC 8725's list, what was found in libraries since, and more."""

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from service_kit.service_token import mint_service_token
from tests.auth_service.service import COOKIE_SECRET, TOKEN_SECRET

_ORDER = 2**252 + 27742317777372353535851937790883648493  # of Ed25519's group, RFC 8032 section 5.1

HS256 = '{"alg":"HS256","typ":"JWT"}'


@dataclass(frozen=True, slots=True)
class Target:
    """What an attacker may know, and, for tokens that would hold but for one thing, the keys.

    Attributes:
        claims: Of a good token of HS256.
        asymmetric: Of a good token of EdDSA.
        key: What auth-service signs EdDSA with.
        kid: Its name.
        x: The public key, as listed.
        elsewhere: Address of a server of the attacker's.
    """

    claims: dict[str, object]
    asymmetric: dict[str, object]
    key: Ed25519PrivateKey
    kid: str
    x: str
    elsewhere: str


def b64(content: bytes | str) -> str:
    raw = content.encode() if isinstance(content, str) else content
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def under_secret(
    header: object, claims: object, secret: bytes | str = TOKEN_SECRET, digest: str = "sha256"
) -> str:
    key = secret.encode() if isinstance(secret, str) else secret
    payload = claims if isinstance(claims, bytes) else text(claims)
    signed = f"{b64(text(header))}.{b64(payload)}"
    return f"{signed}.{b64(hmac.digest(key, signed.encode(), digest))}"


def under_key(header: object, claims: object, key: Ed25519PrivateKey) -> str:
    signed = f"{b64(text(header))}.{b64(text(claims))}"
    return f"{signed}.{b64(key.sign(signed.encode()))}"


def without(claims: Mapping[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in claims.items() if key != name}


def attacks(target: Target) -> dict[str, str | bytes]:
    """Return what follows "Bearer ", by what is wrong with it."""
    return {
        **_algorithms(target),
        **_confused_keys(target),
        **_headers(target),
        **_claims(target),
        **_times(target),
        **_forms(target),
        **_encodings(target),
        **_signatures(target),
    }


def _algorithms(target: Target) -> dict[str, str]:
    payload = b64(text(target.claims))
    found = {
        f"alg {alg!r} without a signature": f"{b64(text({'alg': alg, 'typ': 'JWT'}))}.{payload}."
        for alg in ("none", "None", "NONE", "nOnE", "none ", "\u0000none", "", "HS256", "EdDSA")
    }
    spelled: list[object] = ["none", "hs256", "Hs256", "HS256 ", "HMAC", ["HS256"], 256, None, {}]
    for alg in spelled:
        found[f"alg {alg!r} with the secret's signature"] = under_secret(
            {"alg": alg, "typ": "JWT"}, target.claims
        )
    for alg, digest in (("HS384", "sha384"), ("HS512", "sha512"), ("HS1", "sha1")):
        header = {"alg": alg, "typ": "JWT"}
        found[f"alg {alg}"] = under_secret(header, target.claims, TOKEN_SECRET * 2, digest)
    for alg in ("Ed25519", "ES256K", "eddsa"):
        header = {"alg": alg, "kid": target.kid}
        found[f"alg {alg} with the key's signature"] = under_key(
            header, target.asymmetric, target.key
        )
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    ec_key = ec.generate_private_key(ec.SECP256R1())
    for alg in ("RS256", "PS256", "ES256"):
        signed = f"{b64(text({'alg': alg, 'kid': target.kid}))}.{b64(text(target.asymmetric))}"
        signature = (
            ec_key.sign(signed.encode(), ec.ECDSA(SHA256()))
            if alg == "ES256"
            else rsa_key.sign(signed.encode(), padding.PKCS1v15(), SHA256())
        )
        found[f"alg {alg}"] = f"{signed}.{b64(signature)}"
    found["no alg"] = under_secret({"typ": "JWT"}, target.claims)
    found["two algs"] = under_secret('{"alg":"none","alg":"HS256"}', target.claims)
    return found


def _confused_keys(target: Target) -> dict[str, str]:
    public = target.key.public_key()
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    der = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    jwk = {"alg": "EdDSA", "crv": "Ed25519", "x": target.x, "kty": "OKP", "kid": target.kid}
    secrets: dict[str, bytes | str] = {
        "raw": raw,
        "as x": target.x,
        "as PEM": pem,
        "as PEM without its last line break": pem.rstrip(),
        "as DER": der,
        "as JWK": json.dumps(jwk),
        "as compact JWK": json.dumps(jwk, separators=(",", ":")),
        "by its kid": target.kid,
    }
    found = {
        f"HS256 under the public key {how}": under_secret(
            {"alg": "HS256", "kid": target.kid}, target.asymmetric, secret
        )
        for how, secret in secrets.items()
    }
    found |= {
        f"HS256 under the public key {how}, no kid": under_secret(HS256, target.claims, secret)
        for how, secret in secrets.items()
    }
    stranger = Ed25519PrivateKey.generate()
    known = {"alg": "EdDSA", "kid": target.kid}
    return found | {
        "EdDSA with the secret's signature": under_secret(known, target.asymmetric),
        "EdDSA with the secret's signature twice": under_secret(
            known, target.asymmetric, TOKEN_SECRET, "sha512"
        ),
        "the secret's claims under the key": under_key(known, target.claims, target.key),
        "the key's claims under the secret": under_secret(HS256, target.asymmetric),
        "a stranger's key under a known kid": under_key(known, target.asymmetric, stranger),
        "a stranger's key under its own kid": under_key(
            {"alg": "EdDSA", "kid": "stranger"}, target.asymmetric, stranger
        ),
        "EdDSA without kid": under_key({"alg": "EdDSA"}, target.asymmetric, target.key),
        "no secret": under_secret(HS256, target.claims, ""),
        "a secret of one NUL": under_secret(HS256, target.claims, "\0"),
        "the cookies' secret": under_secret(HS256, target.claims, COOKIE_SECRET),
        "the secret in base64": under_secret(HS256, target.claims, b64(TOKEN_SECRET)),
        "a guessed secret": under_secret(HS256, target.claims, "secret"),
        "a service's token": mint_service_token(TOKEN_SECRET, now=datetime.now(UTC)),
    }


def _headers(target: Target) -> dict[str, str]:
    kids: dict[str, object] = {
        "traversal": "../../../../dev/null",
        "traversal, encoded": "..%2f..%2fdev%2fnull",
        "SQL": "' UNION SELECT 'secret' -- ",
        "command": "key|/bin/true",
        "URL": f"{target.elsewhere}/key",
        "NUL": f"{target.kid}\0",
        "another case": target.kid.swapcase(),
        "empty": "",
        "number": 1,
        "list": [target.kid],
        "object": {"kid": target.kid},
        "null": None,
    }
    found = {
        f"kid: {what}": under_key({"alg": "EdDSA", "kid": kid}, target.asymmetric, target.key)
        for what, kid in kids.items()
    }
    found["HS256 with the key's kid"] = under_secret(
        {"alg": "HS256", "kid": target.kid}, target.claims
    )
    found["HS256 of an empty file by traversal"] = under_secret(
        {"alg": "HS256", "kid": "../../../../dev/null"}, target.claims, ""
    )
    stranger = Ed25519PrivateKey.generate()
    own = {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": b64(
            stranger.public_key().public_bytes(
                serialization.Encoding.Raw, serialization.PublicFormat.Raw
            )
        ),
    }
    members: dict[str, object] = {
        "jku": f"{target.elsewhere}/jwks",
        "x5u": f"{target.elsewhere}/chain",
        "jwk": own,
        "x5c": [b64("chain")],
        "x5t": b64("print"),
        "crit": ["exp"],
        "b64": False,
        "zip": "DEF",
        "cty": "JWT",
        "enc": "A256GCM",
        "epk": own,
        "p2c": 10**9,
        "url": target.elsewhere,
        "nonce": "n",
        "exp": 1,
    }
    for name, value in members.items():
        header = {"alg": "EdDSA", "kid": target.kid, name: value}
        found[f"{name} and a stranger's signature"] = under_key(header, target.asymmetric, stranger)
        found[f"{name} and a good signature"] = under_secret(
            {"alg": "HS256", "typ": "JWT", name: value}, target.claims
        )
    for kind in ("at+jwt", "dpop+jwt", "JWE", "", 7, ["JWT"]):
        header = {"alg": "HS256", "typ": kind}
        found[f"typ {kind!r}"] = under_secret(header, target.claims)
    found["two kids"] = under_key(
        f'{{"alg":"EdDSA","kid":"x","kid":"{target.kid}"}}', target.asymmetric, target.key
    )
    found["crit, empty"] = under_secret({"alg": "HS256", "crit": []}, target.claims)
    for what, header_text in (
        ("list", "[]"),
        ("text", '"HS256"'),
        ("nothing", ""),
        ("number", "1"),
    ):
        found[f"header is a {what}"] = under_secret(header_text, target.claims)
    return found


def _claims(target: Target) -> dict[str, str]:
    both: list[tuple[str, dict[str, object], Callable[[object], str]]] = [
        ("HS256", target.claims, lambda claims: under_secret(HS256, claims)),
        (
            "EdDSA",
            target.asymmetric,
            lambda claims: under_key({"alg": "EdDSA", "kid": target.kid}, claims, target.key),
        ),
    ]
    found: dict[str, str] = {}
    for name, good, sign in both:
        found |= {
            f"{name} without {claim}": sign(without(good, claim))
            for claim in ("exp", "iat", "iss", "aud", "sub")
        }
        wrong: dict[str, list[object]] = {
            "iss": ["someone", "", None, [good["iss"]], f"{good['iss']}/", f" {good['iss']}", 1],
            "aud": [
                "someone",
                "",
                None,
                [good["aud"]],
                [good["aud"], "x"],
                [],
                {},
                f"{good['aud']} ",
            ],
            "sub": ["", None, 7, ["user"], {"id": "user"}, True, "somebody-else"],
        }
        for claim, values in wrong.items():
            for value in values:
                found[f"{name}, {claim} {value!r}"] = sign({**good, claim: value})
        for claim in ("sub", "exp", "iss", "aud"):
            twice = json.dumps(good)[:-1] + f', "{claim}": {json.dumps(good[claim])}}}'
            found[f"{name}, {claim} twice"] = sign(twice)
    found["a member named twice further in"] = under_secret(
        HS256, json.dumps(target.claims)[:-1] + ', "x": {"a": 1, "a": 2}}'
    )
    found["a member named twice by an escape"] = under_secret(
        HS256, json.dumps(target.claims)[:-1] + ', "s\\u0075b": "admin"}'
    )
    found["a name that is half a character"] = under_secret(
        HS256, {**target.claims, "name": "\ud800"}
    )
    found["a name that is a number"] = under_secret(HS256, {**target.claims, "name": 7})
    found["an address that is a list"] = under_secret(HS256, {**target.claims, "email": ["a@b.c"]})
    return found


def _times(target: Target) -> dict[str, str]:
    now = int(time.time())

    def raw(name: str, value: str) -> str:
        rest = json.dumps(without(target.claims, name))[:-1]
        return under_secret(HS256, f'{rest}, "{name}": {value}}}')

    found = {
        f"exp {value}": raw("exp", value)
        for value in (
            f'"{now + 600}"',
            f"{now + 600}.0",
            f"{now + 600}.5",
            "1e10",
            "4e9",
            "NaN",
            "Infinity",
            "-Infinity",
            "-1",
            "0",
            "-0",
            "null",
            "true",
            "[]",
            "{}",
            '""',
            f"[{now + 600}]",
            "9" * 30,
            "9" * 5000,
            "4000000000",
            str(2**63),
            f"0{now + 600}",
            f"+{now + 600}",
            "0x7fffffff",
        )
    }
    found |= {
        f"{name} {value}": raw(name, value)
        for name in ("iat", "nbf")
        for value in (
            f'"{now}"',
            f"{now}.0",
            "NaN",
            "-1",
            "null",
            "true",
            "[]",
            str(now + 60),
            "9" * 30,
        )
    }
    header = {"alg": "EdDSA", "kid": target.kid}
    good, issued = target.asymmetric, {"iat": now - 600}
    found["expired by a second"] = under_secret(HS256, {**target.claims, **issued, "exp": now - 1})
    found["expired now"] = under_secret(HS256, {**target.claims, **issued, "exp": now})
    found["EdDSA, expired by a second"] = under_key(
        header, {**good, **issued, "exp": now - 1}, target.key
    )
    found["EdDSA, not yet valid"] = under_key(header, {**good, "nbf": now + 60}, target.key)
    found["EdDSA for an hour"] = under_key(header, {**good, "exp": now + 3600}, target.key)
    found["EdDSA, exp with a fraction"] = under_key(header, {**good, "exp": now + 0.5}, target.key)
    found["valid for a year"] = under_secret(HS256, {**target.claims, "exp": now + 365 * 86400})
    return found


def _forms(target: Target) -> dict[str, str]:
    good = under_secret(HS256, target.claims)
    header, payload, signature = good.split(".")
    jwe_header = b64(text({"alg": "dir", "enc": "A256GCM"}))
    long = {**target.claims, "x": "x" * 8192}
    found = {
        "JWE": f"{jwe_header}..{b64('nonce')}.{b64('sealed')}.{b64('tag')}",
        "JWE with five full parts": f"{jwe_header}.{b64('k')}.{b64('n')}.{b64('s')}.{b64('t')}",
        "JSON serialisation": json.dumps(
            {"protected": header, "payload": payload, "signature": signature}
        ),
        "8 KiB and signed": under_secret(HS256, long),
        "8 KiB of one letter": "x" * 8192,
        "8 KiB of dots": "." * 8192,
        "a header of 8 KiB": under_secret({"alg": "HS256", "kid": "x" * 8192}, target.claims),
        "32 KiB": "x" * 32768,
        "brackets as deep as they go": under_secret(HS256, "[" * 6000),
        "objects as deep as they go": under_secret(HS256, '{"a":' * 1150),
        "one part": header,
        "two parts": f"{header}.{payload}",
        "four parts": f"{good}.{signature}",
        "three empty parts": "..",
        "no header": f".{payload}.{signature}",
        "no payload": f"{header}..{signature}",
        "a dot behind": f"{good}.",
        "a dot before": f".{good}",
        "detached payload": f"{header}..{under_secret(HS256, '').rpartition('.')[2]}",
        "the word Bearer twice": f"Bearer {good}",
        "two tokens": f"{good}, {good}",
        "in quotes": f'"{good}"',
        "a session's token": "Zb8Yx2JfQ9tLw3Rk5Vn7Hc1Md4Sg6Ta0",
        "base64 of a password": base64.b64encode(b"mina:password").decode(),
    }
    for what, claims in (
        ("a list", [target.claims]),
        ("a text", json.dumps(text(target.claims))),
        ("a number", 7),
        ("null", None),
        ("nothing", ""),
        ("no JSON", "sub=user"),
        ("JSON and more", f"{text(target.claims)} {{}}"),
        ("JSON with a comma too much", f"{text(target.claims)[:-1]},}}"),
        ("JSON with a comment", f"{text(target.claims)}//"),
        ("JSON with a BOM", f"\ufeff{text(target.claims)}"),
        ("UTF-16", text(target.claims).encode("utf-16")),
        ("no UTF-8", text(target.claims).encode()[:-1] + b', "name": "\xff"}'),
        ("an overlong UTF-8", text(target.claims).encode()[:-1] + b', "x": "\xc0\xaf"}'),
    ):
        found[f"claims are {what}"] = under_secret(HS256, claims)
    return found


def _encodings(target: Target) -> dict[str, str | bytes]:
    good = under_secret(HS256, target.claims)
    header, payload, signature = good.split(".")
    padded = {part: part + "=" * (-len(part) % 4) for part in (header, payload, signature)}
    odd = under_secret(HS256, {**target.claims, "x": ""})
    while len(odd.split(".")[1]) % 4 == 0:  # so that there is padding to write
        odd = under_secret(HS256, {**target.claims, "x": str(len(odd)) * (len(odd) % 3 + 1)})
    found: dict[str, str | bytes] = {
        "padding behind the signature": f"{header}.{payload}.{padded[signature]}",
        "padding behind all parts": ".".join(
            part + "=" * (-len(part) % 4) for part in odd.split(".")
        ),
        "more padding than there is": f"{good}==",
        "one = behind": f"{good}=",
        "padding in the middle": f"{header}=.{payload}.{signature}",
        "a space behind the first dot": good.replace(".", ". ", 1),
        "a space before the last dot": " .".join(good.rsplit(".", 1)),
        "a space within the signature": f"{good[:-5]} {good[-5:]}",
        "a tab behind the header": good.replace(".", ".\t", 1),
        "a tab before": f"\t{good}",
        "a no-break space behind": good.encode() + b"\xa0",
        "a next-line character before": b"\x85" + good.encode(),
        "a soft hyphen within": good[:20].encode() + b"\xad" + good[20:].encode(),
        "letters beyond ASCII": "\u00e4.\u00f6.\u00fc".encode(),
        "percent-encoded dots": good.replace(".", "%2E"),
        "a comma within": f"{good[:20]},{good[20:]}",
        "a ! within the signature, which lenient readers skip": f"{good[:-5]}!{good[-5:]}",
        "bits that count for nothing": good[:-1] + _next_letter(good[-1]),
        "a letter too much": f"{good}A",
    }
    plain = under_secret(HS256, {**target.claims, "name": "\u00fb\u00ff\u00fe>>>???"})
    while not set("-_") & set(plain.rpartition(".")[2]):
        plain = under_secret(HS256, {**target.claims, "jti": plain[-8:]})
    found["the other alphabet of base64"] = plain.replace("-", "+").replace("_", "/")
    return found


def _signatures(target: Target) -> dict[str, str]:
    good = under_secret(HS256, target.claims)
    other = under_secret(HS256, {**target.claims, "sub": "other", "userId": "other"})
    eddsa_header = {"alg": "EdDSA", "kid": target.kid}
    eddsa = under_key(eddsa_header, target.asymmetric, target.key)
    more = under_key(eddsa_header, {**target.asymmetric, "name": "Other"}, target.key)
    found: dict[str, str] = {}
    for name, token, another in (("HS256", good, other), ("EdDSA", eddsa, more)):
        signed, _, signature = token.rpartition(".")
        raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        found |= {
            f"{name}, no signature": f"{signed}.",
            f"{name}, signature cut by a byte": f"{signed}.{b64(raw[:-1])}",
            f"{name}, half a signature": f"{signed}.{b64(raw[: len(raw) // 2])}",
            f"{name}, signature and a byte": f"{signed}.{b64(raw + b'x')}",
            f"{name}, signature twice": f"{signed}.{b64(raw * 2)}",
            f"{name}, a bit flipped": f"{signed}.{b64(bytes([raw[0] ^ 1]) + raw[1:])}",
            f"{name}, zeros": f"{signed}.{b64(bytes(len(raw)))}",
            f"{name}, backwards": f"{signed}.{b64(raw[::-1])}",
            f"{name}, another's signature": f"{signed}.{another.rpartition('.')[2]}",
            f"{name}, another's payload": ".".join(
                (token.split(".")[0], another.split(".")[1], signature)
            ),
        }
    scalar = base64.urlsafe_b64decode(eddsa.rpartition(".")[2] + "==")
    added = (int.from_bytes(scalar[32:], "little") + _ORDER).to_bytes(32, "little")
    found["EdDSA, signature as good but for its form"] = (
        f"{eddsa.rpartition('.')[0]}.{b64(scalar[:32] + added)}"
    )
    found["the key's signature under the secret's header"] = (
        f"{good.rpartition('.')[0]}.{eddsa.rpartition('.')[2]}"
    )
    found["the secret's signature under the key's header"] = (
        f"{eddsa.rpartition('.')[0]}.{good.rpartition('.')[2]}"
    )
    return found


def _next_letter(letter: str) -> str:
    """Return a letter that differs from one in its last bit alone."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return alphabet[alphabet.index(letter) ^ 1]
