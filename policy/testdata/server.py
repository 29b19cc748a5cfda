"""Answers each request with the file that Python's http.server finds for it. Prints the port it listens at, and ends with its
standard input."""

import http.server
import json
import sys
import threading


class Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args):
        super().__init__(*args, directory="/")

    def do_GET(self):
        body = json.dumps({"Python, http.server": self.translate_path(self.path)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
