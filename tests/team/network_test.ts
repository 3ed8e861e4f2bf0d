/**
 * Two network namespaces stand in for two machines: each has one interface on a bridge, and the link
 * of one is cut. Skipped where they cannot be made (it takes Linux, root and iproute2), or without
 * MPICH's `mpiexec`.
 */
import { deepStrictEqual, match, notStrictEqual, strictEqual } from "node:assert";
import { denoRun, findMpiLauncher, mpiEnvironment, survivors } from "../support/mpi.ts";

const launcher = await findMpiLauncher();
const NAME = `bert${Deno.pid}`;

/** Stands in for ssh: host 10.77.0.N is namespace N, with a host name of its own. */
const SHELL = `#!/bin/bash
while [[ "$1" == -* ]]; do shift; done
host=$1; shift; n=\${host##*.}
exec ip netns exec ${NAME}-$n unshare --uts /bin/bash -c "hostname machine$n; $*"
`;

async function command(program: string, ...args: string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, { args, stderr: "null" }).output();
    return success;
  } catch {
    return false;
  }
}

const ip = (words: string) => command("ip", ...words.split(" "));

/**
 * Makes a bridge in a namespace of its own, and two namespaces with an interface on it; whether that
 * succeeded.
 */
async function makeNetwork(): Promise<boolean> {
  const steps = [
    `netns add ${NAME}`,
    `-n ${NAME} link add br0 type bridge`,
    `-n ${NAME} link set br0 up`,
    ...[1, 2].flatMap((n) => [
      `netns add ${NAME}-${n}`,
      `link add v0 netns ${NAME}-${n} type veth peer name p${n} netns ${NAME}`,
      `-n ${NAME}-${n} addr add 10.77.0.${n}/24 dev v0`,
      `-n ${NAME}-${n} link set lo up`,
      `-n ${NAME}-${n} link set v0 up`,
      `-n ${NAME} link set p${n} master br0`,
      `-n ${NAME} link set p${n} up`,
    ]),
  ];
  for (const step of steps) if (!await ip(step)) return false;
  return true;
}

async function removeNetwork(): Promise<void> {
  for (const name of [`${NAME}-1`, `${NAME}-2`, NAME]) await ip(`netns del ${name}`);
}

const possible = Deno.build.os === "linux" && Deno.uid() === 0 && launcher !== undefined &&
  !launcher.isOpenMpi && await makeNetwork();
await removeNetwork();

Deno.test({
  name: "a link that is cut ends all processes on both sides after --patience seconds",
  ignore: !possible,
}, async () => {
  const folder = await Deno.makeTempDir();
  try {
    strictEqual(await makeNetwork(), true);
    await Deno.writeTextFile(`${folder}/shell.sh`, SHELL, { mode: 0o755 });
    const hosts = ["-launcher", "ssh", "-launcher-exec", `${folder}/shell.sh`];
    const process = new Deno.Command("ip", {
      args: [
        ...["netns", "exec", `${NAME}-1`, launcher!.mpiexec, ...hosts],
        ...["-hosts", "10.77.0.1,10.77.0.2", "-n", "2", "-ppn", "1"],
        ...denoRun("tests/team/rank.ts", ["long", "2"]),
      ],
      // TCP has to be asked for, as on one machine the library would use shared memory
      env: { ...mpiEnvironment(launcher!), MPIR_CVAR_CH4_NETMOD: "ofi", FI_PROVIDER: "tcp" },
      stdout: "piped",
      stderr: "null",
    }).spawn();
    let printed = "";
    let cut = false;
    for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
      printed += text;
      if (cut || printed.match(/at step 10\n/g)?.length !== 2) continue;
      cut = true;
      strictEqual(await ip(`-n ${NAME} link set p2 down`), true);
    }
    notStrictEqual((await process.status).code, 0);
    match(printed, /rank 0 of 2 on \S+: Waited 2 s for the other processes/);
    const pids = [...printed.matchAll(/^pid (\d+)/gm)].map(([, pid]) => Number(pid));
    strictEqual(pids.length, 2, printed);
    deepStrictEqual(await survivors(pids), []);
  } finally {
    await removeNetwork();
    await Deno.remove(folder, { recursive: true });
  }
});
