"""sparkmagic's configuration: a folder of its own with the server's address, set before sparkmagic is imported."""

import json
import os
import sys
import tempfile
from pathlib import Path

# sparkmagic reads these when it is first imported.
HOME = tempfile.mkdtemp(prefix="hearth-sparkmagic-")
os.environ["SPARKMAGIC_CONF_DIR"] = HOME
os.environ["JUPYTER_PATH"] = str(Path(HOME) / "jupyter")
os.environ["IPYTHONDIR"] = str(Path(HOME) / "ipython")
sys.path.insert(0, str(Path(__file__).resolve().parent))

import pytest  # noqa: E402

KERNELS = {"pyspark": "pysparkkernel", "spark": "sparkkernel", "sparkr": "sparkrkernel"}


@pytest.fixture(scope="session")
def sparkmagic_home(url):
    """The folder of the configuration, with the three kernels for Jupyter in it."""
    credentials = {"username": "", "password": "", "url": url, "auth": "None"}
    settings = {f"kernel_{language}_credentials": credentials for language in ("python", "scala", "r")}
    # The time that a session may take to start is sparkmagic's own default, a minute.
    settings |= {"heartbeat_refresh_seconds": 2, "livy_server_heartbeat_timeout_seconds": 60,
                 "wait_for_idle_timeout_seconds": 30, "use_auto_viz": False,
                 "logging_config": {"version": 1, "formatters": {"plain": {"format": "%(message)s"}},
                                    "handlers": {"none": {"class": "logging.NullHandler", "formatter": "plain"}},
                                    "loggers": {"magicsLogger": {"handlers": ["none"], "level": "CRITICAL", "propagate": 0}}}}
    (Path(HOME) / "config.json").write_text(json.dumps(settings))
    for kernel, module in KERNELS.items():
        folder = Path(HOME) / "jupyter" / "kernels" / kernel
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "kernel.json").write_text(json.dumps({
            "argv": [sys.executable, "-m", f"sparkmagic.kernels.{module}.{module}", "-f", "{connection_file}"], "display_name": kernel, "language": "python"}))
    return Path(HOME)
