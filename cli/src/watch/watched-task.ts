import type { Task, FollowedTask, TaskPoint } from "hanami-sdk";
import { cutText, textWidth } from "../output/text-width.ts";
import { fitLine, type LinePart } from "../output/fit-line.ts";
import { durationText, numberText, shareText, shortNumber } from "../output/measures.ts";
import { printable } from "../output/printable.ts";
import { sparkline } from "../output/sparkline.ts";
import { barPart, percentText } from "../progress.ts";
import { TimeLeft } from "./time-left.ts";

const NAME_WIDTH = 20;
/** On terminals with fewer columns, names leave more room for the rest. */
const NARROW = 80;
const NARROW_NAME_WIDTH = 10;
const LOSS_WIDTH = "loss 0.0123".length;
const SPARKLINE_WIDTH = 40;
const SPARKLINE_WIDTH_MIN = 8;
/** A task may run for weeks. */
const LOSSES_MAX = 4000;

/** What is known of a task that is watched, and how it is shown in a line. */
export class WatchedTask {
  task: Task | undefined;
  #point: TaskPoint | undefined;
  /** The latest point with a measurement on held-out rows. */
  #held: TaskPoint | undefined;
  #losses: (number | null | undefined)[] = [];
  readonly #timeLeft = new TimeLeft();

  /** `nowMs` as of `performance.now()`. */
  add(event: FollowedTask, nowMs: number): void {
    if (event.kind === "point") {
      this.#point = event.point;
      if (event.point.validation_loss !== undefined) this.#held = event.point;
      this.#losses.push(event.point.loss);
      if (this.#losses.length > LOSSES_MAX) this.#losses = this.#losses.filter((_, at) => at % 2 === 1);
      return;
    }
    this.task = event.task;
    if (event.task.state === "active") this.#timeLeft.add(nowMs, event.task.current_cycle);
  }

  /** At most `columns` wide. With `isNamed`, the task's name is in front. */
  terminalLine(columns: number, isNamed: boolean): string {
    const { task } = this;
    if (task === undefined) return "";
    const nameWidth = columns < NARROW ? NARROW_NAME_WIDTH : NAME_WIDTH;
    const name = cutText(nameOf(task), nameWidth);
    const losses = this.#losses;
    const curve: LinePart[] =
      losses.length < 2
        ? []
        : [
            {
              rank: 8,
              min: SPARKLINE_WIDTH_MIN,
              max: SPARKLINE_WIDTH,
              draw: (width) => sparkline(losses, width).padEnd(width),
            },
          ];
    return fitLine(
      [
        { text: isNamed ? name + " ".repeat(nameWidth - textWidth(name)) : "", rank: 1 },
        { text: task.state.padEnd(8), rank: 0 },
        barPart(task.percentage_finished, 6),
        { text: percentText(task.percentage_finished), rank: 0 },
        // Padded: what follows would move all the time.
        { text: cyclesOf(task).padStart(2 * String(task.total_number_of_cycles).length + 1), rank: 5 },
        { text: this.#lossText().padEnd(losses.length === 0 ? 0 : LOSS_WIDTH), rank: 2 },
        ...curve,
        { text: this.#scoreText(), rank: 3 },
        { text: this.#heldText(), rank: 7 },
        { text: this.#speedText(), rank: 9 },
        { text: this.#leftText(), rank: 4 },
      ],
      columns,
    ).trimEnd();
  }

  /** For a log. */
  plainLine(isNamed: boolean): string {
    const { task } = this;
    if (task === undefined) return "";
    const texts = [
      isNamed ? nameOf(task) : "",
      `${task.state.padEnd(9)} ${percentText(task.percentage_finished)}`,
      cyclesOf(task),
      this.#lossText(),
      this.#scoreText(),
      this.#heldText(),
      this.#speedText(),
      this.#leftText(),
    ];
    return texts.filter((text) => text !== "").join("  ");
  }

  #lossText(): string {
    return this.#point === undefined ? "" : `loss ${numberText(this.#point.loss)}`;
  }

  #scoreText(): string {
    const { accuracy, error } = this.#point ?? {};
    if (accuracy !== undefined) return `accuracy ${shareText(accuracy)}`;
    return error === undefined ? "" : `error ${numberText(error)}`;
  }

  #heldText(): string {
    const { validation_accuracy: accuracy, validation_error: error } = this.#held ?? {};
    if (accuracy !== undefined) return `held out ${shareText(accuracy)}`;
    return error === undefined ? "" : `held out ${numberText(error)}`;
  }

  #speedText(): string {
    return this.#point === undefined ? "" : `${shortNumber(this.#point.samples_per_second)}/s`;
  }

  #leftText(): string {
    const seconds = this.task?.state === "active" ? this.#timeLeft.until(this.task.total_number_of_cycles) : undefined;
    return seconds === undefined ? "" : `${durationText(seconds)} left`;
  }
}

const nameOf = (task: Task) => printable(task.name).replaceAll("\n", " ");

const cyclesOf = (task: Task) => `${task.current_cycle}/${task.total_number_of_cycles}`;
