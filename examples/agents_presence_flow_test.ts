import { assertEquals } from "@std/assert";
import { NatsServer } from "../server/cluster/testing/nats_server.ts";

// To update the expected output:
// deno run -A examples/agents_presence_flow.ts > examples/testdata/agents_presence_flow.txt
Deno.test({
  name: "examples/agents_presence_flow.ts prints its walk-through",
  ignore: !NatsServer.isInstalled,
  async fn() {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "examples/agents_presence_flow.ts"],
      cwd: new URL("../", import.meta.url),
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    const url = new URL("testdata/agents_presence_flow.txt", import.meta.url);
    const expected = await Deno.readTextFile(url);
    // Git may have given the file Windows line endings.
    assertEquals(
      new TextDecoder().decode(stdout),
      expected.replaceAll("\r\n", "\n"),
    );
  },
});
