/** A server of an example, in a process of its own. */
export interface Example extends AsyncDisposable {
  readonly url: string;
}

/**
 * Serves an example.
 *
 * @param name Its folder.
 * @param port Where; any free port if left out.
 */
export async function serveExample(name: string, port = "0"): Promise<Example> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `examples/${name}/serve.ts`, port],
    cwd: new URL("../../", import.meta.url),
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let printed = "";
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let url: string | undefined;
  while (url === undefined) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`It does not listen: ${printed}`);
    printed += value;
    [url] = /http:\/\/\S+/.exec(printed.split("Listening on ")[1] ?? "") ?? [];
  }
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await reader.cancel();
      await child.status;
    },
  };
}
