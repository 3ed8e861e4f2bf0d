/** The page of `deno task play`: the server computes. */
import { startPage } from "./page.ts";
import { ServerEngine } from "./server_engine.ts";

void startPage(() => Promise.resolve(new ServerEngine()));
