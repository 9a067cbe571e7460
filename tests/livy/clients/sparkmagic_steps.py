"""What sparkmagic does, at its two levels: its client layer, and its kernels through nbclient."""

import contextlib
import io

import nbclient
import nbformat
import pandas
from jupyter_client import KernelManager

SECONDS = 240


class Display:
    """Takes what sparkmagic shows."""

    def __init__(self):
        self.shown, self.errors = [], []

    def display(self, value):
        self.shown.append(value)

    def html(self, text):
        self.shown.append(text)

    def write(self, text):
        self.shown.append(text)

    def writeln(self, text):
        self.shown.append(text)

    def send_error(self, text):
        self.errors.append(text)

    def stderr_flush(self):
        pass

    def stdout_flush(self):
        pass


@contextlib.contextmanager
def controller_with_session(url, language, **properties):
    """sparkmagic's controller with one session of this language."""
    import sparkmagic.utils.configuration as conf
    from sparkmagic.livyclientlib.endpoint import Endpoint
    from sparkmagic.livyclientlib.sparkcontroller import SparkController

    display = Display()
    controller = SparkController(display)
    endpoint = Endpoint(url, None)
    controller.add_session("tested", endpoint, False, {**conf.get_session_properties(language), **properties})
    controller.endpoint, controller.display = endpoint, display
    try:
        yield controller
    finally:
        controller.cleanup()


def run(controller, code):
    """The text of code that must succeed."""
    from sparkmagic.livyclientlib.command import Command

    success, text, mimetype = controller.run_command(Command(code))
    assert success, text
    return text


def query(controller, text, **options):
    """%%sql: the frame."""
    from sparkmagic.livyclientlib.sqlquery import SQLQuery

    return controller.run_sqlquery(SQLQuery(text, **options))


def stored(controller, variable, **options):
    """-o: a frame of the session as a local one."""
    from sparkmagic.livyclientlib.sparkstorecommand import SparkStoreCommand

    return controller.run_command(SparkStoreCommand(variable, **options))


def sent(controller, name, value, output):
    """%%send_to_spark of a frame or a text."""
    from sparkmagic.livyclientlib.sendpandasdftosparkcommand import SendPandasDfToSparkCommand
    from sparkmagic.livyclientlib.sendstringtosparkcommand import SendStringToSparkCommand

    if isinstance(value, pandas.DataFrame):
        command = SendPandasDfToSparkCommand(name, value, output, 1000)
    else:
        command = SendStringToSparkCommand(name, value, output)
    success, text, _ = controller.run_command(command)
    assert success, text


def notebook(kernel, *cells, allow_errors=False):
    """Runs cells in a kernel of sparkmagic; for each its outputs as (text, {mime: value})."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    manager = KernelManager(kernel_name=kernel)
    client = nbclient.NotebookClient(book, km=manager, timeout=SECONDS, allow_errors=allow_errors)
    client.execute()
    return [read(cell.outputs) for cell in book.cells]


def read(outputs):
    text, data = io.StringIO(), {}
    for output in outputs:
        if output.output_type == "stream":
            text.write(output.text)
        elif output.output_type == "error":
            text.write("\n".join(output.traceback) or output.evalue)
        else:
            data.update(output.data)
            text.write(output.data.get("text/plain", "") + "\n")
    return text.getvalue(), data
