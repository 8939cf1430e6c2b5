import type { App } from "../app-context.ts";
import { EncoderError } from "../encoders/encoder-error.ts";
import type { NetworkEncoders } from "../encoders/network-encoders.ts";
import { badRequest, conflict } from "../errors.ts";
import { isOfKind, isUnavailable } from "../hosts/host-errors.ts";
import type { NetworkInfo } from "../hosts/host.ts";
import { parseTemplate, type Template } from "../network/template/parse-template.ts";
import { encodersOf } from "./answers.ts";
import type { ClusterNetwork } from "./cluster-network.ts";

/** Uses a network between the slices of its cluster's task. */
export type NetworkTurn = <R>(use: (network: ClusterNetwork) => Promise<R>) => Promise<R>;

/** Runs work on rows whose turns are between those of the cluster's tasks. */
export async function onNetwork<T>(app: App, uuid: string, work: (turn: NetworkTurn) => Promise<T>): Promise<T> {
  try {
    return await work((use) => app.scheduler.exclusive(uuid, use));
  } catch (error) {
    throw asRefusal(error);
  }
}

/** A failure that the rows or the network caused, as what the client is told. Any other error stays unchanged. */
export function asRefusal(error: unknown): unknown {
  if (error instanceof EncoderError) return badRequest(error.message, { cause: error });
  if (isOfKind(error, "input")) return badRequest(`The rows do not fit the network: ${error.message}`);
  if (isOfKind(error, "state") || isUnavailable(error)) return conflict(error.message);
  return error;
}

/** A network and what its rows mean. */
export interface KnownNetwork {
  info: NetworkInfo;
  template: Template;
  encoders: NetworkEncoders;
}

/** Puts the network onto its host. */
export async function knownOf(network: ClusterNetwork): Promise<KnownNetwork> {
  const { info } = await network.ready();
  return { info, template: parseTemplate(info.template), encoders: encodersOf(info) };
}

/** Throws 409 when a task has given the cluster another network. */
export async function checkKnown(network: ClusterNetwork, { info }: KnownNetwork): Promise<void> {
  const { info: now } = await network.ready();
  if (now.template !== info.template || now.encoders !== info.encoders) throw otherColumns();
}

export const otherColumns = () => conflict("The cluster has learnt other columns meanwhile: try again");
