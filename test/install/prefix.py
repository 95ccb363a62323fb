"""Installs the build under a prefix."""

import subprocess


def install(build, folder):
    """Into `folder`/installed, which it was moved to since: nothing that is
    installed may depend on where it was installed."""
    subprocess.run(
        ["cmake", "--install", build, "--prefix", folder / "before"],
        check=True, stdout=subprocess.DEVNULL,
    )
    return (folder / "before").rename(folder / "installed")
