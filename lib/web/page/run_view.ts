/** The curves of the run that the model comes from; they grow while it goes on. */
import { find, make, say } from "./dom.ts";
import type { Engine, RunFacts } from "./engine.ts";

const PAUSE = 3000; // milliseconds between looks at a run that goes on

/** Starts the part "The run". */
export function startRun(engine: Engine, run: RunFacts): void {
  find("#run").hidden = false;
  find('nav a[href="#run"]').hidden = false;
  show(run);
  if (!run.isLive) return;
  let step = run.step;
  const again = async () => {
    const facts = await engine.facts().catch(() => undefined); // the server may be gone for a while
    if (facts?.run && facts.run.step !== step) {
      step = facts.run.step;
      show(facts.run);
    }
    setTimeout(again, PAUSE);
  };
  setTimeout(again, PAUSE);
}

function show({ name, step, isLive, charts }: RunFacts): void {
  const live = isLive ? "; new steps appear by themselves" : "";
  say(find("#run-step"), `Run ${name}, step ${step.toLocaleString("en-US")}${live}`);
  const images = charts.map(({ title, file }) => {
    const image = make("img", "");
    image.src = `${file}?step=${step}`;
    image.alt = `${title}, up to step ${step}`;
    return image;
  });
  find("#run .charts").replaceChildren(...images);
}
