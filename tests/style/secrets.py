"""A trivial scan for secrets: what providers give out has forms of its own, and some files are secrets by their name.

It finds what was pasted by mistake. It does not find a password that looks like a word.
"""

import re
from pathlib import Path

KINDS = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
    "an access key of AWS": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a token of GitHub": r"\bgh[pousr]_\w{36}|\bgithub_pat_\w{22}",
    "a token of GitLab": r"\bglpat-[\w-]{20}",
    "a token of Slack": r"\bxox[abeprs]-[\w-]{10}|hooks\.slack\.com/services/T\w{6,}/B\w{6,}",
    "a key of Stripe": r"\b[sr]k_live_\w{16}",
    "a key of Google": r"\bAIza[\w-]{35}",
    "a JSON web token": r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.",
    "a token of a package registry": r"\bnpm_[A-Za-z0-9]{36}\b|\bpypi-AgEI[\w-]{20}",
    "a key of Sentry": r"https?://[0-9a-f]{32}(?::[0-9a-f]{32})?@",
    "a key of Datadog": r"(?i)\bDD_(?:API|APP)_KEY\b\W{1,4}[0-9a-f]{32}",
    # A password that somebody made up for an example is a word; one that a machine made is not.
    "an address with a password": r"://[\w.-]*:(?=[^@\s/]*\d)(?=[^@\s/]*[A-Za-z])[A-Za-z0-9+_-]{20,}@",
}

_PATTERNS = {kind: re.compile(pattern) for kind, pattern in KINDS.items()}

_NAMES = re.compile(
    r"(?:^|/)(?:\.env(?:\.(?!example)[\w.]+)?|id_(?:rsa|ed25519|ecdsa)|[\w.-]+\.(?:pem|key|p12|pfx|kdbx)|\.pgpass|\.netrc)$"
    r"|^deploy/compose/secrets/"
)


def secrets(path: Path, text: str) -> list[str]:
    """Return what looks like a secret in a file, or is one by the file's name."""
    found = ["1: a file of this name holds secrets, or will"] if _NAMES.search(path.as_posix()) else []
    for number, line in enumerate(text.splitlines(), 1):
        found += [f"{number}: looks like {kind}" for kind, pattern in _PATTERNS.items() if pattern.search(line)]
    return found
