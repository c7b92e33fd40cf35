"""A Slurm cluster of four virtual nodes on this machine: a controller and four daemons, with ports of their own and
everything they write below one folder. It needs slurmctld, slurmd, slurm-client and munge (.ci/install.sh cluster)."""
import contextlib
import getpass
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

NODES = ("n1", "n2", "n3", "n4")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "sinfo")
WANTED_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"

CONFIGURATION = """\
ClusterName=userqsim
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={control}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmdLogFile={folder}/slurmd-%n.log
SlurmdSpoolDir={folder}/spool-%n
SlurmdParameters=config_overrides
SlurmdTimeout=10
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
{nodes}
PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing_programs():
    return [program for program in PROGRAMS if shutil.which(program, path=WANTED_PATH) is None]


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class Cluster:
    """Running from start() to stop()."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.environment = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": WANTED_PATH}
        self.daemons = {}

    def start(self):
        host = socket.gethostname()
        control, *ports = free_ports(1 + len(NODES))
        nodes = "\n".join(f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=1 State=UNKNOWN"
                          for name, port in zip(NODES, ports))
        (self.folder / "slurm.conf").write_text(
            CONFIGURATION.format(host=host, user=getpass.getuser(), control=control, folder=self.folder, nodes=nodes),
            encoding="utf-8")
        for name in ("state", *(f"spool-{node}" for node in NODES)):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        files = {option: f"--{option}={self.folder}/munge.{end}"
                 for option, end in (("socket", "sock"), ("key-file", "key"), ("pid-file", "pid"), ("log-file", "log"),
                                     ("seed-file", "seed"))}
        self.run_daemon("munged", "munged", "--foreground", "--force", "--num-threads=1", *files.values())
        self.wait_for(lambda: (self.folder / "munge.sock").exists(), 20, "munged")
        self.run_daemon("slurmctld", "slurmctld", "-D", "-c")
        for node in NODES:
            self.run_daemon(node, "slurmd", "-D", "-N", node, USERQSIM_NODE=node)
        self.wait_for(lambda: self.call("sinfo", "-h", "-t", "idle", "-o", "%D", check=False).strip() == "4", 60, "nodes")

    def run_daemon(self, name, *command, **variables):
        with (self.folder / f"{name}.out").open("wb") as output:
            self.daemons[name] = subprocess.Popen(command, env={**self.environment, **variables}, stdout=output, stderr=output,
                                                  stdin=subprocess.DEVNULL, start_new_session=True)

    def call(self, *command, check=True):
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=check).stdout

    def wait_for(self, condition, seconds, what):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"{what} after {seconds} s\n{self.logs()}")
            time.sleep(0.1)

    def logs(self):
        texts = [f"== {path.name}\n{path.read_text(encoding='utf-8', errors='replace')[-3000:]}"
                 for path in sorted(self.folder.glob("*.log")) if path.stat().st_size]
        return "\n".join([self.call("squeue", "-a", check=False), self.call("sinfo", check=False), *texts])

    def jobs(self):
        """State by name of the jobs that have not ended: "12_3" of an array, "13"."""
        lines = self.call("squeue", "-h", "-r", "-o", "%i %T %N").splitlines()
        return {line.split()[0]: line.split()[1:] for line in lines}

    def processes_of(self, node):
        """What Slurm has started on a node, its own step daemons first: they have our variable, tasks have Slurm's."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                environment = (entry / "environ").read_bytes().split(b"\0")
                if f"SLURM_CONF={self.folder}/slurm.conf".encode() not in environment:
                    continue
                if f"USERQSIM_NODE={node}".encode() in environment:
                    found.insert(0, int(entry.name))
                elif f"SLURMD_NODENAME={node}".encode() in environment:
                    found.append(int(entry.name))
        return found

    def kill_node(self, node):
        """As if the machine died: its daemon first, then what it has started."""
        os.kill(self.daemons[node].pid, signal.SIGKILL)
        self.daemons.pop(node).wait()
        for process in self.processes_of(node):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def stop(self):
        self.call("scancel", "--full", "-u", getpass.getuser(), check=False)
        for name in reversed(list(self.daemons)):
            daemon = self.daemons.pop(name)
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
