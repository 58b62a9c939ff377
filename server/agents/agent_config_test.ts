import { assertEquals } from "@std/assert";
import { MemoryBackbone } from "../cluster/mod.ts";
import {
  type AgentConfig,
  AgentConfigError,
  validateAgentConfig,
} from "./mod.ts";

const GOOD = {
  agentId: "builder",
  project: "shop",
  backbone: new MemoryBackbone(),
  heartbeatIntervalMs: 5_000,
};

/** Returns the violation of a config with these fields. */
function violationOf(fields: Record<string, unknown>): string | undefined {
  const config: AgentConfig = Object.assign({ ...GOOD }, fields);
  return validateAgentConfig(config)?.message;
}

Deno.test("validateAgentConfig() accepts a valid config", () => {
  assertEquals(validateAgentConfig(GOOD), undefined);
  const { backbone: _, ...rest } = GOOD;
  const connection: Extract<AgentConfig, { bucket: string }>["connection"] =
    JSON.parse("{}");
  const onNats: AgentConfig = { ...rest, connection, bucket: "agents_1-a" };
  assertEquals(validateAgentConfig(onNats), undefined);
  for (
    const fields of [
      { agentId: "x".repeat(255) },
      { project: ' . * > " {a} ☃ __proto__' },
      { heartbeatIntervalMs: 1 },
      { heartbeatIntervalMs: 715_827_882 },
      { watchBuffer: 0 },
      { watchBuffer: 1 },
      { watchBuffer: undefined },
    ]
  ) {
    assertEquals(violationOf(fields), undefined, JSON.stringify(fields));
  }
});

Deno.test("validateAgentConfig() returns the first invalid field, and the reason", () => {
  const beat =
    "heartbeatIntervalMs: must be a whole number from 1 to 715827882";
  const bucket = "bucket: must be letters, digits, - and _";
  const nats = { backbone: undefined, connection: {} };
  const cases: [Record<string, unknown>, string][] = [
    [{ agentId: undefined }, "agentId: must be a string"],
    [{ agentId: 7 }, "agentId: must be a string"],
    [{ agentId: "" }, "agentId: must not be empty"],
    [
      { agentId: "x".repeat(256) },
      "agentId: must have at most 255 characters",
    ],
    [{ agentId: "\ud800" }, "agentId: must be well-formed Unicode"],
    [{ project: null }, "project: must be a string"],
    [{ project: "" }, "project: must not be empty"],
    [{ backbone: undefined }, "backbone: must be given, or a connection"],
    [{ backbone: "memory" }, "backbone: must be given, or a connection"],
    [{ connection: {} }, "connection: must not be given beside a backbone"],
    [{ bucket: "x" }, "bucket: must not be given beside a backbone"],
    [nats, bucket],
    [{ ...nats, bucket: "" }, bucket],
    [{ ...nats, bucket: "a.b" }, bucket],
    [{ heartbeatIntervalMs: undefined }, beat],
    [{ heartbeatIntervalMs: 0 }, beat],
    [{ heartbeatIntervalMs: -1 }, beat],
    [{ heartbeatIntervalMs: 0.5 }, beat],
    [{ heartbeatIntervalMs: NaN }, beat],
    [{ heartbeatIntervalMs: Infinity }, beat],
    [{ heartbeatIntervalMs: "5000" }, beat],
    [{ watchBuffer: -1 }, "watchBuffer: must be a whole number from 0"],
    [{ watchBuffer: 1.5 }, "watchBuffer: must be a whole number from 0"],
    [{ agentId: "", project: "" }, "agentId: must not be empty"],
    [{ project: "", watchBuffer: -1 }, "project: must not be empty"],
  ];
  for (const [fields, expected] of cases) {
    assertEquals(violationOf(fields), `presence.Config: ${expected}`);
  }
});

Deno.test("validateAgentConfig() treats other values as an empty config", () => {
  for (const config of ["null", "7", '"builder"', "{}"]) {
    assertEquals(
      validateAgentConfig(JSON.parse(config))?.message,
      "presence.Config: agentId: must be a string",
    );
  }
});

Deno.test("validateAgentConfig() returns the field and its value", () => {
  const violation = validateAgentConfig({ ...GOOD, heartbeatIntervalMs: -1 });
  assertEquals(violation instanceof AgentConfigError, true);
  assertEquals([violation?.field, violation?.value], [
    "heartbeatIntervalMs",
    -1,
  ]);
});
