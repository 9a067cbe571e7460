"""Files that a session was given: found in the current folder of its code, Python ones importable, archives unpacked.

Jars mean nothing to Python code. `path#name` gives a file another name, as on YARN.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import tarfile
import zipfile


def add(kind, path, name=None):
    """Takes a file of one of the kinds: `file`, `pyfile`, `archive`, `jar`."""
    if kind == "jar":
        return
    path, _, alias = path.partition("#") if not os.path.exists(path) else (path, "", "")
    name = os.path.basename(name or alias or path)
    target = os.path.join(home(), name)
    if kind == "archive":
        _unpack(path, target)
        return
    _place(path, target)
    if kind == "pyfile" and not name.endswith(".py") and target not in sys.path:
        sys.path.insert(1, target)
    importlib.invalidate_caches()


def home():
    """The current folder of user code, at its start."""
    return os.path.abspath(os.environ.get("HOME") or os.getcwd())


def _place(path, target):
    if os.path.abspath(path) == target:
        return
    if os.path.isdir(path):
        shutil.copytree(path, target, dirs_exist_ok=True)
        return
    partial = target + ".part"
    shutil.copyfile(path, partial)
    os.replace(partial, target)


def _unpack(path, folder):
    os.makedirs(folder, exist_ok=True)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
            for member in archive.infolist():
                _restore_mode(member, folder)
    elif tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            archive.extractall(folder, **safe)
    else:
        raise ValueError(f"{path} is neither a zip nor a tar archive")


def _restore_mode(member, folder):
    """Programs in a zip stay programs, which `extractall` forgets."""
    mode = member.external_attr >> 16 & 0o777
    if mode and not member.is_dir():
        os.chmod(os.path.join(folder, member.filename), mode | 0o600)
