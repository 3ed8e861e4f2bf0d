/** The curves of the run that the model comes from. They grow while the run goes on. */
import { LEAST_WIDTH, lineChart } from "../../show/plot.ts";
import { find, make, say } from "./dom.ts";
import type { Engine, RunChart, RunFacts } from "./engine.ts";

/** The time between two requests for new steps, in milliseconds. */
const PAUSE = 3000;

/** Starts the part "The run". */
export function startRun(engine: Engine, run: RunFacts): void {
  find("#run").hidden = false;
  find('nav a[href="#run"]').hidden = false;
  const view = new RunView(run);
  if (!run.isLive) return;
  let { step } = run;
  const again = async () => {
    const facts = await engine.facts().catch(() => undefined); // the server may be gone for a while
    if (facts?.run && facts.run.step !== step) {
      step = facts.run.step;
      view.show(facts.run);
    }
    setTimeout(again, PAUSE);
  };
  setTimeout(again, PAUSE);
}

class RunView {
  readonly #charts = find("#run .charts");
  readonly #images: HTMLImageElement[] = [];
  #run: RunFacts;
  #width = 0;

  constructor(run: RunFacts) {
    this.#run = run;
    this.show(run);
    new ResizeObserver(() => {
      if (this.#charts.clientWidth !== this.#width) this.#draw();
    }).observe(this.#charts);
  }

  show(run: RunFacts): void {
    this.#run = run;
    const { name, step, isLive } = run;
    const live = isLive ? "; new steps appear by themselves" : "";
    say(find("#run-step"), `Run ${name}, step ${step.toLocaleString("en-US")}${live}`);
    while (this.#images.length < run.charts.length) {
      const image = make("img", "");
      this.#images.push(image);
      this.#charts.append(image);
    }
    this.#draw();
  }

  /** Draws the charts as wide as they are shown, so that their text keeps its size. */
  #draw(): void {
    this.#width = this.#charts.clientWidth;
    for (const [i, chart] of this.#run.charts.entries()) {
      const image = this.#images[i];
      const { paddingLeft, paddingRight } = getComputedStyle(image);
      const room = image.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
      image.src = pictureOf(chart, Math.max(LEAST_WIDTH, Math.floor(room)));
      image.alt = `${chart.title}, up to step ${this.#run.step}; ${lastOf(chart)}`;
    }
  }
}

function pictureOf({ title, yTitle, lines }: RunChart, width: number): string {
  const series = lines.map(({ name, x, y }) => ({ name, x, y: y.map((value) => value ?? NaN) }));
  const { svg } = lineChart(series, { title, xTitle: "step", yTitle, width });
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

/** The last value of each curve, as in "training: 6.02; held out: 6.10". */
function lastOf({ lines }: RunChart): string {
  return lines.map(({ name, y }) => `${name}: ${y.at(-1)?.toPrecision(3) ?? "not finite"}`)
    .join("; ");
}
