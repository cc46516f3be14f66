"""`numpynet data`: list the copies of Fashion-MNIST on this machine, or download it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator

from numpynet.data import DataError, fashion_mnist_files
from numpynet.data.fashion_mnist import load_copy
from numpynet.data.fashion_mnist_files import fashion_mnist_folders, forms_in, read_file


def data_command(arguments: argparse.Namespace) -> None:
    """List every folder and what is in it, or download; raise DataError unless a correct copy is found."""
    if not arguments.download:
        print(f"NUMPYNET_DATA is {os.environ.get('NUMPYNET_DATA') or 'not set'}; folders where Fashion-MNIST may be:")
        for folder in fashion_mnist_folders(arguments.root):
            findings = list(_findings(folder))
            print(f"  {folder}{'' if findings else ': nothing'}")
            for name, finding in findings:
                print(f"    {name:28}{finding}")
    try:
        _, folder = load_copy(arguments.root, download=arguments.download)
    except DataError:
        raise DataError("no correct copy of Fashion-MNIST was found; `numpynet data --download` fetches one") from None
    print(f"a correct copy is in {folder}")


def _findings(folder: str) -> Iterator[tuple[str, str]]:
    """Each file found, and what is wrong with it, if anything; if any is found, also those that are missing."""
    found = [forms_in(folder, file) for file in fashion_mnist_files.FILES]
    for file, paths in zip(fashion_mnist_files.FILES, found, strict=True):
        if any(found) and not paths:
            yield f"{file.name}.gz", "missing"
        for path in paths:
            try:
                read_file(path, file)
            except DataError as error:
                yield os.path.basename(path), str(error).removeprefix(f"{path}: ")
            else:
                yield os.path.basename(path), "verified"
