"""Odoo 19: the user's own, else Debian's package unpacked privately, else a clone."""

import os
import shutil
from pathlib import Path

from . import paths
from .shell import SetupError, once, run, say
from .system import has_apt

PACKAGE = "odoo-19"
# The package's fonts and scripts are relative links into these.
COMPANIONS = (
    "fonts-glyphicons-halflings",
    "fonts-inconsolata",
    "fonts-montserrat",
    "fonts-ocr-b",
    "fonts-roboto-unhinted",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
)
# Odoo links to the file names of Font Awesome 4; later suites carry version 7.
FONT_AWESOME = "fonts-font-awesome"
FONT_AWESOME_SUITE = "bookworm"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
REPOSITORY = "https://github.com/odoo/odoo.git"
BRANCH = "19.0"


def setup() -> None:
    """Make Odoo available below the state folder; nothing to do with ODOO_SRC."""
    if os.environ.get("ODOO_SRC"):
        command()
        return
    once("odoo", f"{PACKAGE} {BRANCH} {COMPANIONS}", _fetch)


def command() -> tuple[list[str], dict[str, str]]:
    """The words that start Odoo and the environment variables it needs.

    Odoo starts itself again as `python`, which has to be ours: hence PATH.
    Raises SetupError when ODOO_SRC does not hold Odoo 19.
    """
    source = os.environ.get("ODOO_SRC")
    prefix = Path(source).resolve() if source else paths.ODOO_PREFIX
    for program, library in (
        (prefix / "usr/bin/odoo", prefix / "usr/lib/python3/dist-packages"),
        (prefix / "odoo-bin", prefix),
    ):
        if program.exists():
            ours = [str(paths.VENV / "bin"), os.environ.get("PATH", os.defpath)]
            return [paths.venv_bin("python"), str(program)], {
                "PATH": os.pathsep.join(ours),
                "PYTHONPATH": str(library),
            }
    raise SetupError(f"No Odoo in {prefix}: expected odoo-bin or usr/bin/odoo there.")


def library() -> Path:
    """The folder that holds the `odoo` Python package."""
    return Path(command()[1]["PYTHONPATH"])


def addons_folders() -> list[Path]:
    """Odoo's own addons: one folder in the package, one more in a checkout."""
    folders = [library() / "odoo" / "addons", library() / "addons"]
    return [folder for folder in folders if folder.is_dir()]


def _fetch() -> None:
    shutil.rmtree(paths.ODOO_PREFIX, ignore_errors=True)
    mirror = _debian_mirror()
    if mirror:
        _unpack_debian(mirror)
    else:
        _clone()


def _debian_mirror() -> str | None:
    """Address of the Debian mirror this machine is configured to use."""
    if not (has_apt() and KEYRING.exists()):
        return None
    listed = run(
        *("apt-get", "indextargets", "--format", "$(SITE)|$(ORIGIN)|$(LABEL)"),
        "Created-By: Packages",
    ).stdout
    sites = [line.split("|") for line in listed.splitlines() if line.count("|") == 2]
    return next((s[0] for s in sites if s[1:] == ["Debian", "Debian"]), None)


def _unpack_debian(mirror: str) -> None:
    """Download, signatures checked, by an apt that touches nothing of the system."""
    apt = paths.STATE / "apt"
    downloads = apt / "downloads"
    for folder in (apt / "lists/partial", apt / "cache/archives/partial", downloads):
        folder.mkdir(parents=True, exist_ok=True)
    sources = apt / "debian.sources"
    sources.write_text(
        f"Types: deb\nURIs: {mirror}\nSuites: sid {FONT_AWESOME_SUITE}\n"
        f"Components: main\nSigned-By: {KEYRING}\n"
    )
    options = (
        f"Dir::Etc::sourcelist={sources}",
        "Dir::Etc::sourceparts=-",
        "Dir::Etc::preferencesparts=-",
        f"Dir::State::Lists={apt / 'lists'}",
        f"Dir::Cache={apt / 'cache'}",
        "Acquire::Languages=none",
        "APT::Sandbox::User=root",
        "Acquire::Retries=3",
    )
    base = ["apt-get", *(word for option in options for word in ("-o", option))]
    run(*base, "update")
    names = [f"{name}/sid" for name in (PACKAGE, *COMPANIONS)]
    run(
        *base, "download", *names, f"{FONT_AWESOME}/{FONT_AWESOME_SUITE}", cwd=downloads
    )
    for archive in sorted(downloads.glob("*.deb")):
        say(f"  {archive.name.split('_')[0]} {archive.name.split('_')[1]}")
        run("dpkg-deb", "-x", archive, paths.ODOO_PREFIX)
    shutil.rmtree(apt)
    _restore_stripped_files()


def _restore_stripped_files() -> None:
    """Debian strips a minified library that the web client asks for by name."""
    stripped = library() / "odoo/addons/mail/static/lib/selfie_segmentation"
    script = stripped / "selfie_segmentation.js"
    if not script.exists():
        stripped.mkdir(parents=True, exist_ok=True)
        script.write_text("/* not part of Debian's package */\n")


def _clone() -> None:
    say(f"  cloning Odoo's repository, branch {BRANCH} (no Debian mirror here)")
    run(
        "git", "clone", "--depth=1", f"--branch={BRANCH}", REPOSITORY, paths.ODOO_PREFIX
    )
