/** Draws docs/images/learning-curve.svg: accuracy over trained samples, in batches and online. */
import { mkdirSync, writeFileSync } from "node:fs";
import { create, score, train } from "./runs.ts";
import { validationSplit } from "./tables.ts";

const [WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM] = [640, 360, 56, 20, 20, 44];
const [LOW, HIGH] = [80, 100];
const EVERY = 2560;
const FILE = "docs/images/learning-curve.svg";

export function curve(): void {
  const problem = validationSplit();
  const samples = problem.train.rows;
  const x = (cycles: number) => LEFT + (cycles / samples) * (WIDTH - LEFT - RIGHT);
  const y = (percent: number) => TOP + ((HIGH - Math.max(LOW, percent)) / (HIGH - LOW)) * (HEIGHT - TOP - BOTTOM);
  const text = (at: [number, number], anchor: string, content: string) =>
    `<text x="${at[0]}" y="${at[1]}" text-anchor="${anchor}">${content}</text>`;
  const parts = [80, 85, 90, 95, 100].flatMap((percent) => [
    `<path d="M${LEFT} ${y(percent)}H${WIDTH - RIGHT}" stroke="#ddd"/>`,
    text([LEFT - 8, y(percent) + 4], "end", `${percent} %`),
  ]);
  for (let cycles = 0; cycles <= samples; cycles += 10_000)
    parts.push(text([x(cycles), HEIGHT - BOTTOM + 18], "middle", String(cycles)));
  parts.push(
    text([(LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8], "middle", "trained samples (MNIST, one epoch, validation split)"),
  );
  for (const [name, step, colour, row] of [
    ["steps of 128", 128, "#0b6e4f", 0],
    ["online", 1, "#c1440e", 1],
  ] as const) {
    const points: string[] = [];
    const network = create(1);
    const act = (cycles: number) => {
      const percent = score(network, problem);
      console.log(`${name}, ${cycles} samples: ${percent.toFixed(2)}`);
      points.push(`${x(cycles).toFixed(1)},${y(percent).toFixed(1)}`);
    };
    train(network, problem.train, step, { every: { cycles: EVERY, act } });
    network.dispose();
    parts.push(`<polyline points="${points.join(" ")}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    const at = HEIGHT - BOTTOM - 40 + row * 18;
    parts.push(`<path d="M${WIDTH - 150} ${at - 4}h24" stroke="${colour}" stroke-width="2"/>`);
    parts.push(text([WIDTH - 118, at], "start", name));
  }
  mkdirSync("docs/images", { recursive: true });
  writeFileSync(
    FILE,
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<title>Accuracy over trained samples</title>
<rect width="100%" height="100%" fill="#fff"/>
${parts.join("\n")}
</svg>
`,
  );
  console.log(FILE);
}
