/** The page as a static folder: the browser computes. */
import { find, make, percent, say } from "./dom.ts";
import type { PageFile } from "./engine.ts";
import { loadPageModel, OnnxEngine } from "./onnx_engine.ts";
import { startPage } from "./page.ts";

/** The parameter of the page's address that chooses a file, as in `?weights=q8`. */
const CHOICE = "weights";

void startPage(async () => {
  const model = await loadPageModel();
  const asked = new URLSearchParams(location.search).get(CHOICE);
  const file = model.files.find(({ dtype }) => dtype === asked) ?? model.files[0];
  if (model.files.length > 1) showFiles(model.files, file);
  return await OnnxEngine.load(
    model,
    file,
    (share) => say(find("#facts"), `The model is loading: ${percent(share)}`),
  );
});

/** Shows the files to choose from as links. */
function showFiles(files: readonly PageFile[], loaded: PageFile): void {
  const links = files.map((file) => {
    const link = make("a", "", described(file));
    link.href = `?${CHOICE}=${file.dtype}`;
    if (file === loaded) link.setAttribute("aria-current", "true");
    return link;
  });
  const line = find("#weights");
  line.append("Weights: ", ...links.flatMap((link, i) => i === 0 ? [link] : [" or ", link]));
  line.hidden = false;
}

function described({ dtype, bytes }: PageFile): string {
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  return dtype === "q8" ? `rounded to 8 bits, ${size}` : `as trained, ${size}`;
}
