"""An interpreter for the tests of the host: it speaks the protocol of PROTOCOL.md and does what the code says.

It needs nothing but Python's standard library. Asked with `-c`, as the host asks a Python what it has, it claims to have
everything.
"""

import json
import os
import queue
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

KEPT = ("execute", "job", "application")


class Fake:
    def __init__(self):
        self.lock = threading.RLock()
        self.peer = None
        self.work = queue.Queue()
        self.cancelled = set()
        self.seen = {}
        self.running = None
        self.remotes = []
        self.added = []
        self.alone_since = time.monotonic()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind("control.sock")
        self.listener.listen(4)

    def accept(self):
        while True:
            peer, _ = self.listener.accept()
            with self.lock:
                if self.peer is not None:
                    self.peer.close()
                self.peer = peer
            threading.Thread(target=self.read, args=(peer,), daemon=True).start()

    def read(self, peer):
        stream = peer.makefile("rb")
        while True:
            head = stream.read(4)
            if len(head) < 4:
                break
            self.take(json.loads(stream.read(struct.unpack(">I", head)[0])))
        with self.lock:
            if self.peer is peer:
                self.peer = None
                self.alone_since = time.monotonic()

    def watch_orphanhood(self):
        limit = float(os.environ["HEARTH_ORPHAN_TIMEOUT"])
        while True:
            time.sleep(0.02)
            if self.peer is None and time.monotonic() - self.alone_since > limit:
                os.killpg(os.getpgrp(), signal.SIGKILL)

    def send(self, message):
        body = json.dumps(message).encode()
        with self.lock:
            if self.peer is not None:
                try:
                    self.peer.sendall(struct.pack(">I", len(body)) + body)
                except OSError:
                    pass

    def take(self, request):
        number, op = request["id"], request["op"]
        if op == "attach":
            hello = {"language": "python", "version": "3", "pid": os.getpid(), "bound": bool(self.remotes),
                     "running": self.running}
            self.send({"id": number, "ok": hello})
            for answer in list(self.seen.values()):
                if answer is not None:
                    self.send(answer)
        elif op == "cancel":
            self.cancelled.add(request["target"])
            self.send({"id": number, "ok": {}})
        elif op == "ack":
            self.seen.pop(request["target"], None)
        elif op == "stop":
            if self.running is None:
                self.send({"id": number, "ok": {}})
                os._exit(0)
        elif op == "complete":
            self.send({"id": number, "ok": {"candidates": [request["code"][: request["cursor"]] + "x"]}})
        elif op in KEPT and number in self.seen:
            if self.seen[number] is not None:
                self.send(self.seen[number])
        else:
            if op in KEPT:
                self.seen[number] = None
            self.work.put(request)

    def serve(self):
        while True:
            request = self.work.get()
            number, op = request["id"], request["op"]
            self.running = number
            if op == "bind":
                answer = self.bind(request)
            elif op == "add":
                self.added.append(request["name"])
                answer = {"ok": {}}
            elif op == "application":
                answer = {"ok": {"exit": 7}}
            else:
                answer = {"ok": self.execute(request["code"], number)}
            answer["id"] = number
            self.running = None
            if op in KEPT:
                self.seen[number] = answer
            self.send(answer)
            if op == "application":
                while number in self.seen:
                    time.sleep(0.005)
                os._exit(7)

    def bind(self, request):
        if request["conf"].get("fake.refuse"):
            return {"refused": "no such server"}
        self.remotes.append(request["remote"])
        self.added += [os.path.basename(path) for path in request["py_files"]]
        return {"ok": {}}

    def execute(self, code, number):
        word, _, rest = code.partition(" ")
        if word == "wait":
            while number not in self.cancelled and not os.path.exists(rest or "/nowhere"):
                time.sleep(0.01)
            return failure("KeyboardInterrupt") if number in self.cancelled else text("waited")
        if word == "stuck":
            while True:
                time.sleep(1)
        if word == "die":
            print("last words", file=sys.stderr, flush=True)
            os._exit(3)
        if word == "print":
            print(rest, flush=True)
            return text("")
        if word == "remotes":
            return text(" ".join(self.remotes))
        if word == "added":
            return text(" ".join(self.added))
        if word == "environment":
            return text(" ".join(sorted(os.environ)))
        if word == "pid":
            return text(str(os.getpid()))
        if word == "grow":
            self.memory = bytearray(b"x") * (int(rest) << 20)
            return text("grown")
        if word == "escape":  # forks twice, in a session of its own
            inner = f"import os,time; os.setsid(); open({rest!r},'w').write(str(os.getpid())); time.sleep(1000)"
            subprocess.Popen([sys.executable, "-c",
                              f"import subprocess,sys; subprocess.Popen([sys.executable,'-c',{inner!r}])"]).wait()
            return text("escaped")
        if word == "processes":
            self.children = [subprocess.Popen(["sleep", "1000"]) for _ in range(int(rest))]
            return text("started")
        return text(code)


def text(value):
    return {"status": "ok", "data": {"text/plain": value}}


def failure(name):
    return {"status": "error", "ename": name, "evalue": "", "traceback": [name + "\n"]}


FACTS = {"version": "3.11.0", "executable": sys.executable, "spark": "4.2.0", "home": "/", "connects": True,
         "jars": False, "missing": [], "site": [], "prefixes": [], "shared": False}

if sys.argv[1] == "-c":
    print(json.dumps(FACTS))
else:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    fake = Fake()
    threading.Thread(target=fake.accept, daemon=True).start()
    threading.Thread(target=fake.watch_orphanhood, daemon=True).start()
    fake.serve()
