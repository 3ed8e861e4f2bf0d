// deno-lint-ignore-file no-console -- a program that reports to a terminal
/**
 * Trains for a while and measures what must not change with time: memory, speed and the number of
 * tensors. `deno task soak --minutes 60` ends with code 1 if one of them changes. Under `mpiexec -n 2`
 * two processes train together, and each measures itself.
 */
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "bert/backend/choose.ts";
import { runAsProgram } from "bert/cli/main.ts";
import { parseOptions } from "bert/runs/option_parser.ts";
import { runToEnd } from "bert/runs/loop.ts";
import { beginRun } from "bert/runs/open.ts";
import { openTeam } from "bert/team/open_team.ts";
import type { Team } from "bert/team/team.ts";
import { collectGarbage } from "../support/garbage.ts";

const MINUTES = { minutes: { kind: "positive", help: "" } } as const;

/** In a shorter run slopes are not judged, as caches are still filling and other processes disturb. */
const JUDGED = 10;

/** Memory that has grown by this factor is a fault, even in a short run. */
const GROWN = 1.5;

/** The share of the time in which memory may grow, as caches are filled and code is compiled. */
const WARM = 0.2;

/** One measurement; they are made at intervals. */
interface Reading {
  readonly seconds: number;
  /** Resident memory of the process without garbage, in MiB. */
  readonly rss: number;
  readonly heap: number;
  readonly tensors: number;
  readonly tokensPerSecond: number;
}

/** Fits a line through points by least squares. Returns its slope and the slope's standard error. */
function slope(points: readonly (readonly [number, number])[]) {
  const n = points.length;
  const [mx, my] = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / n);
  const xx = points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  const value = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / xx;
  const rest = points.reduce((sum, [x, y]) => sum + (y - my - value * (x - mx)) ** 2, 0);
  return { mean: my, value, error: Math.sqrt(rest / Math.max(n - 2, 1) / xx) };
}

function watch(readings: Reading[], interval: number, name: string) {
  let [next, tokens, since] = [0, 0, 0];
  return (step: number, total: number, seconds: number) => {
    if (seconds < next) return;
    collectGarbage(); // V8 lets it grow by a hundred megabytes and more before it collects it by itself
    const { rss, heapUsed } = Deno.memoryUsage();
    const tokensPerSecond = (total - tokens) / (seconds - since);
    const reading = {
      seconds,
      rss: rss / 2 ** 20,
      heap: heapUsed / 2 ** 20,
      tensors: tf.memory().numTensors,
      tokensPerSecond,
    };
    if (since > 0) readings.push(reading); // the first interval includes the start of the process
    [next, tokens, since] = [seconds + interval, total, seconds];
    console.log(
      `${name}  ${seconds.toFixed(0)} s  step ${step}  rss ${reading.rss.toFixed(1)} MiB  heap ` +
        `${reading.heap.toFixed(1)} MiB  ${reading.tensors} tensors  ` +
        `${tokensPerSecond.toFixed(0)} tokens/s`,
    );
  };
}

/** Describes quantities that have grown or fallen by more than noise. */
function faults(readings: readonly Reading[], minutes: number): string[] {
  const found: string[] = [];
  const settled = readings.filter((reading) => reading.seconds >= WARM * 60 * minutes);
  const [first, last] = [settled[0], settled[settled.length - 1]];
  if (first.tensors !== last.tensors) {
    found.push(`tensors: ${first.tensors} became ${last.tensors}`);
  }
  if (last.rss > GROWN * first.rss) {
    found.push(`memory: ${first.rss.toFixed(0)} MiB became ${last.rss.toFixed(0)} MiB`);
  }
  for (
    const [key, unit, sign] of [["rss", "MiB", 1], ["tokensPerSecond", "tokens/s", -1]] as const
  ) {
    const { mean, value, error } = slope(
      settled.map((reading) => [reading.seconds / 60, reading[key]]),
    );
    const change = value * (last.seconds - first.seconds) / 60;
    console.log(
      `${key}: mean ${mean.toFixed(1)} ${unit}, slope ${value.toFixed(3)} ± ${error.toFixed(3)} ` +
        `${unit} a minute, ${change.toFixed(1)} ${unit} over the time looked at`,
    );
    const significant = minutes >= JUDGED && sign * value > 3 * error;
    if (significant && sign * change > 0.05 * mean) {
      found.push(
        `${key} changed by ${change.toFixed(1)} ${unit}`,
      );
    }
  }
  return found;
}

/** Trains for some minutes in a temporary folder. */
async function train(minutes: number, team: Team): Promise<Reading[]> {
  const folder = await Deno.makeTempDir({ prefix: "soak-" });
  const backend = await useBackend(undefined, team.cores ? { threads: team.cores } : {});
  const settings = {
    corpus: "moby-dick",
    preset: "tiny",
    vocabSize: 4000,
    length: 64,
    batchSize: 16,
    maxMinutes: minutes,
    evaluateEvery: 200,
    checkpointEvery: 100,
    keep: 2,
    accumulation: team.size,
  };
  const run = await beginRun(`${folder}/run`, settings, { backend }, console.log, team);
  const readings: Reading[] = [];
  const look = watch(readings, Math.max(1, minutes / 2), team.name);
  const onStep = (log: { step: number; tokens: number; seconds: number }) =>
    look(log.step, log.tokens, log.seconds);
  try {
    await runToEnd(run, { onStep, onEvent: console.log });
  } finally {
    run.close();
    await Deno.remove(folder, { recursive: true });
  }
  return readings;
}

async function main(args: string[]): Promise<void> {
  if (args.includes("--help")) {
    return console.log("deno task soak --minutes 60   (without: 10)\nmpiexec -n 2 deno task soak");
  }
  const minutes = Number(parseOptions(args, MINUTES).minutes ?? 10);
  const team = await openTeam();
  const problems = faults(await train(minutes, team), minutes);
  if (problems.length > 0) throw new Error(problems.map((text) => `FAILED: ${text}`).join("\n"));
  await team.close();
  console.log(
    minutes < JUDGED
      ? `as many tensors as before, about as much memory; slopes are judged from ${JUDGED} minutes on`
      : "as many tensors as before; memory did not grow and speed did not fall beyond noise",
  );
  Deno.exit(0);
}

await runAsProgram(main);
