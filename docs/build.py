"""Build the pages in docs, in English and in Chinese: `python docs/build.py`. What it makes is in docs/_build/html.

The pages of the book can be downloaded as notebooks, and one page runs numpynet in the reader's browser.
A cell that raises, and every warning, ends the build. MathJax is fetched once from the npm registry, and its hash is
compared with the one below.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpynet

DOCS = Path(__file__).parent
BUILD = DOCS / "_build"
MATHJAX = "mathjax@3.2.2"
INTEGRITY = "sha512-Bt+SSVU8eBG27zChVewOicYs7Xsdt40qm4+UpHyX7k0/O9NliPc+x77k1/FEsPsjKPZGJvtRZM1vO+geW0OhGw=="
NEEDED = "package/es5/"  # of the package; the pages use tex-svg.js, which has its fonts in it
LANGUAGES = {"en": (DOCS, "en"), "zh": (DOCS / "zh", "zh_CN")}


def fetch_mathjax(target):
    """The script that sets formulas, from the npm registry; nothing of it is in the repository."""
    if (target / "tex-svg.js").exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        packed = subprocess.run(
            ["npm", "pack", "--json", MATHJAX], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
        )
        path = Path(folder, json.loads(packed.stdout)[0]["filename"])
        digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != INTEGRITY:
            sys.exit(f"build.py: {MATHJAX} is not what it was: sha512-{digest}")
        target.mkdir(parents=True, exist_ok=True)
        with tarfile.open(path) as archive:
            (target / "tex-svg.js").write_bytes(archive.extractfile(f"{NEEDED}tex-svg.js").read())


def bring_numpynet(target):
    """The page "Check your gradient here", and the package that it runs in the browser, as a zip file."""
    shutil.copytree(DOCS / "try_it", target, dirs_exist_ok=True)
    package = Path(numpynet.__file__).parent
    with zipfile.ZipFile(target / "numpynet.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(package.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(package.parent))


def main():
    fetch_mathjax(BUILD / "static" / "mathjax")
    bring_numpynet(BUILD / "static" / "try-it")
    for language, (source, sphinx_name) in LANGUAGES.items():
        if not (source / "index.md").exists():
            continue
        options = ["-W", "--keep-going", "-q", "-c", str(DOCS), "-d", str(BUILD / "doctrees" / language)]
        command = [sys.executable, "-m", "sphinx", *options, "-D", f"language={sphinx_name}"]
        subprocess.run([*command, str(source), str(BUILD / "html" / language)], check=True)
        notebooks = [BUILD / "html" / language / "notebooks", "--language", language]
        subprocess.run([sys.executable, "-m", "numpynet", "notebooks", *map(str, notebooks)], check=True)
        print(f"built: {BUILD / 'html' / language / 'index.html'}")


if __name__ == "__main__":
    main()
