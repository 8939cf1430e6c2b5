"""Goes through the order of upstream's own SDK test like its Python SDK does, with nothing but the standard library.

Usage: upstream_client.py ADDRESS USER PASSPHRASE FOLDER
FOLDER holds train-images, train-labels, test-images and test-labels in IDX format. Prints one JSON object at the end.
"""
import base64
import json
import os
import socket
import struct
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

address, user, passphrase, folder = sys.argv[1:5]
token = ""


class ApiError(Exception):
    def __init__(self, status, message):
        super().__init__(f"{status}: {message}")
        self.status = status


def call(method, path, query=None, body=None):
    """One request on a connection of its own. Like the SDK, without a Content-Type of JSON."""
    url = f"{address}/v1.0alpha/{path}"
    if query:
        url += "?" + "&".join(f"{key}={value}" for key, value in query.items())
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"X-Auth-Token": token})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            assert response.status == 200, response.status
            return json.loads(response.read())
    except urllib.error.HTTPError as error:
        raise ApiError(error.code, error.read().decode()) from None


def refused(status, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except ApiError as error:
        assert error.status == status, f"{args}: {error} instead of {status}"
        return
    raise AssertionError(f"{args} was not refused with {status}")


class WebSocket:
    """RFC 6455, as much as a client needs that sends whole messages and waits for each answer."""

    def __init__(self):
        self.sock = socket.create_connection(urllib.parse.urlparse(address).netloc.split(":"), timeout=60)
        key = base64.b64encode(os.urandom(16)).decode()
        netloc = urllib.parse.urlparse(address).netloc
        self.sock.sendall(
            (
                f"GET / HTTP/1.1\r\nHost: {netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
            ).encode()
        )
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self.sock.recv(65536)
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 101"), head

    def send(self, data, opcode=2):
        mask = os.urandom(4)
        length = len(data)
        if length < 126:
            header = struct.pack("!BB", 0x80 | opcode, 0x80 | length)
        elif length < 65536:
            header = struct.pack("!BBH", 0x80 | opcode, 0xFE, length)
        else:
            header = struct.pack("!BBQ", 0x80 | opcode, 0xFF, length)
        whole = int.from_bytes((mask * (length // 4 + 1))[:length], "big")
        masked = (int.from_bytes(data, "big") ^ whole).to_bytes(length, "big") if length else b""
        self.sock.sendall(header + mask + masked)

    def take(self, count):
        while len(self.buffer) < count:
            data = self.sock.recv(65536)
            assert data, "the server closed the connection"
            self.buffer += data
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def receive(self):
        first, second = self.take(2)
        length = second & 127
        if length == 126:
            length = struct.unpack("!H", self.take(2))[0]
        elif length == 127:
            length = struct.unpack("!Q", self.take(8))[0]
        data = self.take(length)
        assert first == 0x82, f"a whole binary frame, not {first:#x} {data!r}"
        return data

    def close(self):
        self.send(struct.pack("!H", 1000), opcode=8)
        self.sock.close()


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def chunk(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


def open_socket(target, uuid):
    ws = WebSocket()
    ws.send(json.dumps({"token": token, "target": target, "uuid": uuid}).encode(), opcode=1)
    assert json.loads(ws.receive())["success"] is True
    return ws


def send_file(file_uuid, path):
    ws = open_socket("file_upload", file_uuid)
    position = 0
    with open(path, "rb") as file:
        while data := file.read(131072):
            message = b"" if position == 0 else varint(1 << 3) + varint(position)
            ws.send(message + chunk(2, data))
            assert ws.receive() == b"\x08\x01"
            position += len(data)
    ws.close()


def upload_mnist(name, part):
    paths = [f"{folder}/{part}-images", f"{folder}/{part}-labels"]
    sizes = [os.path.getsize(path) for path in paths]
    body = {"name": name, "input_data_size": sizes[0], "label_data_size": sizes[1]}
    upload = call("POST", "dataset/upload/mnist", body=body)
    send_file(upload["uuid_input_file"], paths[0])
    send_file(upload["uuid_label_file"], paths[1])
    while not call("GET", "dataset/progress", {"uuid": upload["uuid"]})["complete"]:
        time.sleep(0.5)
    keys = ("uuid", "uuid_input_file", "uuid_label_file")
    return call("PUT", "dataset/upload/mnist", body={key: upload[key] for key in keys})["uuid"]


def io_message(name, values, is_last, process, buffer):
    message = chunk(1, name.encode())
    for field, value in ((2, int(is_last)), (3, process), (4, buffer), (5, len(values))):
        if value:
            message += varint(field << 3) + varint(value)
    return message + chunk(6, struct.pack(f"<{len(values)}f", *values))


def output_values(message):
    at, values = 0, []
    while at < len(message):
        key, at = read_varint(message, at)
        value, at = read_varint(message, at)
        if key & 7 == 2:
            if key >> 3 == 6:
                values = list(struct.unpack(f"<{value // 4}f", message[at : at + value]))
            at += value
    return values


def read_varint(message, at):
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def wait_for(task_uuid, cluster_uuid):
    while True:
        task = call("GET", "task", {"uuid": task_uuid, "cluster_uuid": cluster_uuid})
        assert task["current_cycle"] <= task["total_number_of_cycles"]
        if task["state"] == "finished":
            return task
        assert task["state"] in ("queued", "active"), task
        time.sleep(0.1)


TEMPLATE = """version: 1
settings:
    neuron_cooldown: 10000000.0
    refractory_time: 1
    max_connection_distance: 1
    enable_reduction: false
hexagons:
    1,1,1
    2,1,1
    3,1,1

inputs:
    picture_hex: 1,1,1

outputs:
    label_hex: 3,1,1
"""

# login
encoded = base64.b64encode(passphrase.encode()).decode()
token = call("POST", "token", body={"id": user, "passphrase": encoded})["token"]

# 1. delete what is there; nobody deletes oneself
for noun, key in (("checkpoint", "uuid"), ("dataset", "uuid"), ("cluster", "uuid"), ("project", "id"), ("user", "id")):
    for row in call("GET", f"{noun}/all")["body"]:
        if row[1] == user:
            refused(409, "DELETE", noun, {key: row[1]})
        else:
            assert call("DELETE", noun, {key: row[1]}) == {}

# 2. projects and users
call("POST", "project", body={"id": "test_project", "name": "Test Project"})
refused(409, "POST", "project", body={"id": "test_project", "name": "Test Project"})
assert call("GET", "project", {"id": "test_project"})["name"] == "Test Project"
refused(404, "GET", "project", {"id": "fail_project"})
new_user = {"id": "new_user", "name": "new user", "passphrase": encoded, "is_admin": True}
call("POST", "user", body=new_user)
refused(409, "POST", "user", body=new_user)
refused(404, "GET", "user", {"id": "fail_user"})
assigned = {"id": "new_user", "project_id": "test_project", "role": "tester", "is_project_admin": True}
assert call("POST", "user/project", body=assigned)["projects"][0]["role"] == "tester"
refused(409, "POST", "user/project", body=assigned)
assert call("GET", "user/project")["projects"][-1]["project_id"] == "admin"
call("DELETE", "user/project", {"project_id": "test_project", "id": "new_user"})
refused(404, "DELETE", "user/project", {"project_id": "test_project", "id": "new_user"})
assert call("POST", "user/project", body={"project_id": "admin"})["token"]
for noun, name in (("user", "new_user"), ("project", "test_project")):
    call("DELETE", noun, {"id": name})
    refused(404, "DELETE", noun, {"id": name})

# datasets
train = upload_mnist("train_test_dataset", "train")
check = upload_mnist("request_test_dataset", "test")
assert call("GET", "dataset", {"uuid": train})["description"]["label"] == {"column_start": 784, "column_end": 794}
refused(400, "GET", "dataset", {"uuid": "fail_dataset"})

# cluster, and 3. the host
template = base64.b64encode(TEMPLATE.encode("ascii")).decode()
cluster = call("POST", "cluster", body={"name": "test_cluster", "template": template})["uuid"]
refused(409, "POST", "cluster", body={"name": "test_cluster", "template": template})
refused(400, "GET", "cluster", {"uuid": "fail_cluster"})
hosts = call("GET", "host/all")["body"]
target = hosts[1][0] if len(hosts) > 1 else hosts[0][0]
call("PUT", "cluster/switch_host", body={"cluster_uuid": cluster, "host_uuid": target, "hexagon_id": 1})


def column(dataset, name, hexagon):
    return {"dataset_uuid": dataset, "dataset_column": name, "hexagon_name": hexagon}


# 4. train
inputs, outputs = [column(train, "picture", "picture_hex")], [column(train, "label", "label_hex")]
body = {"name": "test_task", "cluster_uuid": cluster, "inputs": inputs, "outputs": outputs, "time_length": 1}
task = call("POST", "task/train", body=body)
assert task["state"] == "queued" and task["end_timestamp"] == "-"
finished = wait_for(task["uuid"], cluster)
assert task["uuid"] in [row[0] for row in call("GET", "task/all", {"cluster_uuid": cluster})["body"]]
call("DELETE", "task", {"uuid": task["uuid"], "cluster_uuid": cluster})
refused(404, "DELETE", "task", {"uuid": task["uuid"], "cluster_uuid": cluster})

# 5. save, delete at once, restore into a new cluster, delete the checkpoint at once
saved = call("POST", "cluster/save", body={"name": "test_checkpoint", "cluster_uuid": cluster})["uuid"]
wait_for(saved, cluster)
assert saved in [row[1] for row in call("GET", "checkpoint/all")["body"]]
call("DELETE", "cluster", {"uuid": cluster})
refused(404, "DELETE", "cluster", {"uuid": cluster})
cluster = call("POST", "cluster", body={"name": "test_cluster", "template": template})["uuid"]
restored = call("POST", "cluster/load", body={"cluster_uuid": cluster, "checkpoint_uuid": saved})["uuid"]
call("DELETE", "checkpoint", {"uuid": saved})
refused(404, "DELETE", "checkpoint", {"uuid": saved})
wait_for(restored, cluster)

# 6. request
results = [{"dataset_column": "test_output", "hexagon_name": "label_hex"}]
inputs = [column(check, "picture", "picture_hex")]
body = {"name": "test_task", "cluster_uuid": cluster, "inputs": inputs, "results": results, "time_length": 1}
asked = call("POST", "task/request", body=body)["uuid"]
wait_for(asked, cluster)
accuracy = call("GET", "dataset/check", {"uuid": asked, "reference_uuid": check})["accuracy"]
query = {"uuid": asked, "column_name": "test_output", "row_offset": 100, "number_of_rows": 10}
content = call("GET", "dataset/content", query)["data"]
assert len(content) == 10 and all(len(row) == 10 for row in content)
call("DELETE", "task", {"uuid": asked, "cluster_uuid": cluster})
call("DELETE", "dataset", {"uuid": asked})
refused(404, "DELETE", "dataset", {"uuid": asked})

# 7. direct IO with an image of a five
with open(f"{folder}/test-labels", "rb") as file:
    five = file.read()[8:].index(5)
with open(f"{folder}/test-images", "rb") as file:
    image = list(file.read()[16 + 784 * five : 16 + 784 * (five + 1)])
call("PUT", "cluster/set_mode", body={"uuid": cluster, "new_state": "DIRECT"})
ws = open_socket("cluster", cluster)
expected = [0.0] * 5 + [1.0] + [0.0] * 4
for _ in range(100):
    ws.send(io_message("picture_hex", image, False, 1, 0))
    assert ws.receive() == bytes.fromhex("18012801320400000000")
    ws.send(io_message("label_hex", expected, True, 1, 2))
    assert ws.receive() == bytes.fromhex("100118012801320400000000")
ws.send(io_message("picture_hex", image, True, 0, 0))
values = output_values(ws.receive())
ws.close()
call("PUT", "cluster/set_mode", body={"uuid": cluster, "new_state": "TASK"})
call("DELETE", "cluster", {"uuid": cluster})
for dataset in (train, check):
    call("DELETE", "dataset", {"uuid": dataset})

cycles = finished["total_number_of_cycles"]
print(json.dumps({"accuracy": accuracy, "answer": values.index(max(values)), "cycles": cycles}))
