// deno-lint-ignore-file no-console -- a program: what it prints is its result
/**
 * Prints which share of the lines of `lib/` the tests ran, room by room, and fails below the floor.
 *
 * `deno task test --coverage=.coverage` writes the files that this program reads. Code that the tests
 * start in other processes is counted only if a test also runs it in its own process.
 */

/** The smallest share of lines that the tests must run. */
const FLOOR = 0.93;

interface Lines {
  /** Lines that a test ran. */
  hit: number;
  /** Lines that could run. */
  found: number;
}

const folder = Deno.args[0] ?? ".coverage";
const library = `${Deno.cwd()}/lib/`;
await removeUnreadable(folder);
const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
  args: ["coverage", "--lcov", `--include=^file://${library}`, folder],
  env: { NO_COLOR: "1" },
}).output();
if (!success) {
  console.error(new TextDecoder().decode(stderr));
  Deno.exit(1);
}

const files = readLcov(new TextDecoder().decode(stdout));
const rooms = new Map<string, Lines>();
for (const [file, lines] of files) {
  const room = file.includes("/") ? file.slice(0, file.lastIndexOf("/") + 1) : "*.ts";
  rooms.set(room, add(rooms.get(room) ?? { hit: 0, found: 0 }, lines));
}
for (const [room, lines] of [...rooms].sort(([a], [b]) => a.localeCompare(b))) print(room, lines);

const worst = [...files].filter(([, { found }]) => found > 0).sort(([, a], [, b]) =>
  share(a) - share(b)
);
console.log("\nThe ten files with the smallest share:");
for (const [file, lines] of worst.slice(0, 10)) print(file, lines);

const all = [...files.values()].reduce(add, { hit: 0, found: 0 });
console.log();
print("all of lib/", all);
if (share(all) < FLOOR) {
  console.error(`The tests must run at least ${FLOOR * 100} % of the lines of lib/.`);
  Deno.exit(1);
}

/**
 * A process that a test kills while it writes its profile leaves a file that is empty or cut short.
 * One such file would make the whole report fail, so they are removed and counted.
 */
async function removeUnreadable(folder: string): Promise<void> {
  let removed = 0;
  for await (const { name } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (!name.endsWith(".json") || isJson(await Deno.readTextFile(path))) continue;
    await Deno.remove(path);
    removed++;
  }
  if (removed > 0) console.log(`Left out ${removed} profiles of processes that were killed.\n`);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The lines of each file, by its path below `lib/`. */
function readLcov(text: string): Map<string, Lines> {
  const files = new Map<string, Lines>();
  for (const record of text.split("end_of_record")) {
    const path = /^SF:(.*)$/m.exec(record)?.[1];
    if (!path?.startsWith(library)) continue;
    const found = Number(/^LF:(\d+)$/m.exec(record)?.[1] ?? 0);
    const hit = Number(/^LH:(\d+)$/m.exec(record)?.[1] ?? 0);
    files.set(path.slice(library.length), { hit, found });
  }
  return files;
}

function add(a: Lines, b: Lines): Lines {
  return { hit: a.hit + b.hit, found: a.found + b.found };
}

function share({ hit, found }: Lines): number {
  return found === 0 ? 1 : hit / found;
}

function print(name: string, lines: Lines): void {
  const percent = (100 * share(lines)).toFixed(1).padStart(5);
  console.log(`${name.padEnd(36)} ${percent} %  ${lines.hit} of ${lines.found} lines`);
}
