/** Calls that read or write folders, with an unknown option or with two arguments exchanged. */
import { rejects } from "node:assert";
import { useBackend } from "bert/backend/choose.ts";
import { bertConfig } from "bert/config.ts";
import { BertPretrainHead } from "bert/model/bert.ts";
import { loadModel, saveModel } from "bert/model/folder.ts";
import { beginRun, reopenRun } from "bert/runs/open.ts";
import { help } from "bert/show/help.ts";
import { BertTokenizer } from "bert/tokenizer/bert_tokenizer.ts";
import { SPECIAL_TOKENS, Vocab } from "bert/tokenizer/vocab.ts";
import { testRefusals, untyped } from "../support/refuses.ts";

await useBackend("cpu");
const tokenizer = new BertTokenizer(new Vocab([...SPECIAL_TOKENS, "a"]));
const model = new BertPretrainHead(bertConfig("smoke", { vocabSize: 6 }), { seed: 1 });
const software = { backend: "cpu" };
const stpes: Record<string, number> = { stpes: 3 };

testRefusals([
  [
    "loadModel() with a mistyped option",
    () => loadModel("x", untyped({ sed: 1 })),
    "ConfigError: Unknown option sed of loadModel(): did you mean seed? The options are seed",
  ],
  [
    "loadModel() with a seed that is no option",
    () => loadModel("x", untyped(3)),
    "TypeError: Cannot call loadModel(): expected options by name, as in { seed: … }, found 3",
  ],
  [
    "loadModel() without a folder",
    () => loadModel(untyped(undefined)),
    "TypeError: Cannot call loadModel(folder, options): folder must be a text, found nothing",
  ],
  [
    "saveModel() with a mistyped option",
    () => saveModel("x", model, tokenizer, untyped({ dtypes: "float16" })),
    "ConfigError: Unknown option dtypes of saveModel(): did you mean dtype? The options are dtype",
  ],
  [
    "saveModel() with model and tokenizer exchanged",
    () => saveModel("x", untyped(tokenizer), untyped(model)),
    "TypeError: Cannot call saveModel(folder, model, tokenizer): model must be a model such as a BertPretrainHead, found a BertTokenizer",
  ],
  [
    "help() of no name",
    () => help(untyped(3)),
    "TypeError: Cannot call help(name): name must be a text, found 3",
  ],
]);

const OF_RUNS = { name: "ConfigError", message: /^Unknown option stpes of .* mean steps\?/ };

Deno.test("a run is neither begun nor resumed with a setting that does not exist", async () => {
  await rejects(beginRun("x", stpes, software, () => {}), OF_RUNS);
  await rejects(reopenRun("x", stpes, software, () => {}), OF_RUNS);
});
