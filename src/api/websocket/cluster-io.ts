import { openDirectIo, type DirectIo } from "../../clusters/direct-io.ts";
import { badRequest, HanamiError } from "../../errors.ts";
import { HostHungError, HostLostError, isNoRoom, isOfKind } from "../../hosts/host-errors.ts";
import {
  clusterProcessType,
  decodeClusterIO,
  encodeClusterIO,
  targetBufferType,
  type ClusterIOMessage,
} from "./protobuf.ts";
import type { SocketPeer, SocketTarget } from "./target.ts";

const closeCode = { goingAway: 1001, unsupportedData: 1003, policyViolation: 1008, internalError: 1011 } as const;

/** Size of an unpacked value on the wire. */
const VALUE_BYTES_MAX = 5;

const hostLost = "The host was lost; the cluster goes on from its last snapshot";

const hostHung = "The cycle did not end in time; the cluster goes on from its last snapshot";

const hostFull = "The host has no room for this network; it goes on from its last snapshot";

const acknowledgement = { processType: clusterProcessType.train, values: new Float32Array(1) };
/** Sent when the client's values are in their buffer. */
const accepted = encodeClusterIO(acknowledgement);
/** Sent when the cycle has been trained. */
const trained = encodeClusterIO({ ...acknowledgement, isLast: true });

/**
 * Direct IO of a cluster. Each message is answered by an acknowledgement, or, after the last message of a request, by
 * one message per output. A refused message is answered with the reason, and the socket is closed, because clients that
 * do not know the field of the reason would take the answer for an acknowledgement.
 */
export const clusterTarget: SocketTarget = {
  async open(context, uuid, peer) {
    const onRetired = () => peer.close(closeCode.goingAway, "The cluster was deleted");
    const io = await openDirectIo(context, uuid, onRetired, peer);
    const { inputValues, outputValues } = context.app.config.limits;
    const bytesMax = VALUE_BYTES_MAX * Math.max(inputValues, outputValues);
    return {
      bytesMax,
      tooLong() {
        const most = `an input may have ${inputValues} values, and an output ${outputValues}`;
        refuse(peer, `The message has more than ${bytesMax} bytes, but ${most}`, closeCode.policyViolation);
      },
      async message(bytes) {
        const message = decodeClusterIO(bytes);
        if (message === undefined) {
          refuse(peer, "Got invalid ClusterIO-Message", closeCode.unsupportedData);
          return;
        }
        try {
          await answer(io, message, peer);
        } catch (error) {
          if (error instanceof HostHungError) refuse(peer, hostHung, closeCode.internalError);
          else if (error instanceof HostLostError) refuse(peer, hostLost, closeCode.internalError);
          else if (isNoRoom(error)) refuse(peer, hostFull, closeCode.internalError);
          else if (isOfKind(error, "hung")) refuse(peer, error.message, closeCode.internalError);
          else if (error instanceof HanamiError) refuse(peer, error.message, closeCode.policyViolation);
          else throw error;
        }
      },
      async close() {
        io.close();
      },
    };
  },
};

async function answer(io: DirectIo, message: ClusterIOMessage, peer: SocketPeer): Promise<void> {
  const { bufferName, processType } = message;
  if (processType !== clusterProcessType.train && processType !== clusterProcessType.request) {
    throw badRequest(`Unknown process-type ${processType}`);
  }
  if (bufferName === "") throw badRequest("Values without the name of an input or output");
  const { values, numberOfValues } = message;
  if (values.length !== numberOfValues) {
    throw badRequest(`The message says ${numberOfValues} values, but has ${values.length}`);
  }
  if (message.targetBufferType === targetBufferType.input) io.setInput(bufferName, values);
  else if (message.targetBufferType === targetBufferType.expected) io.setExpected(bufferName, values);
  else throw badRequest("Values can only be sent to input- and expected-buffers");

  if (!message.isLast) {
    peer.send(accepted);
    return;
  }
  if (processType === clusterProcessType.train) {
    await io.train();
    peer.send(trained);
    return;
  }
  for (const output of await io.request()) {
    peer.send(encodeClusterIO({ bufferName: output.name, processType, values: output.values }));
  }
}

function refuse(peer: SocketPeer, reason: string, code: number): void {
  peer.send(encodeClusterIO({ errorMessage: reason, values: new Float32Array(0) }));
  peer.close(code, reason);
}
