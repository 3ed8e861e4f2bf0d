/** The page as a static folder: the browser computes. */
import { find, percent, say } from "./dom.ts";
import { OnnxEngine } from "./onnx_engine.ts";
import { startPage } from "./page.ts";

void startPage(() =>
  OnnxEngine.load((share) => say(find("#facts"), `The model is loading: ${percent(share)}`))
);
