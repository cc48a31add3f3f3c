/** What publishing the chosen overrides would do at the remote. */

import type { Failure, PublishingReview } from "../../bindings/wire";
import { asFailure, type Host } from "../../host/host";

export class PublishingPreview {
  readonly #host: Host;
  /** Of what the backend was asked about last and has answered; `null` for nothing. */
  review = $state.raw<PublishingReview | null>(null);
  /** Why what was chosen cannot be published. */
  failure = $state.raw<Failure | null>(null);
  /** Whether the backend has yet to answer about what is chosen: `review` is about something else. */
  isAsking = $state(false);
  /** Whether the person agreed to what `review` says is removed. */
  confirmsLoss = $state(false);

  constructor(host: Host) {
    this.#host = host;
  }

  /** Asks about a choice. The returned function takes the question back. */
  look(places: readonly string[]): () => void {
    let isWanted = true;
    const take = (review: PublishingReview | null, failure: Failure | null) => {
      if (!isWanted) return;
      [this.review, this.failure, this.isAsking] = [review, failure, false];
    };
    // What the person agreed to was another choice.
    [this.isAsking, this.confirmsLoss] = [true, false];
    if (places.length === 0) take(null, null);
    else {
      this.#host.reviewPublishing({ places: [...places] }).then(
        (review) => take(review, null),
        (reason: unknown) => take(null, asFailure(reason)),
      );
    }
    return () => (isWanted = false);
  }
}
