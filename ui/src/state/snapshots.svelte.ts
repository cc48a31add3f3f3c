/**
 * The snapshots that are listed, and the two states that are compared: A, the earlier, and B.
 * Outlives the view, so that coming back finds it as it was. While the view is shown it keeps up
 * with what is announced, and leaves alone what is chosen and in view.
 */

import { untrack } from "svelte";

import type { Failure, Snapshot, SnapshotFilter, StateAt, StateSource } from "../bindings/wire";
import type { Host } from "../host/host";
import { ofSnapshot, renewed, snapshotOf, sourceOf, stateOf, type Chosen } from "../model/chosen";
import {
  allOf,
  snapshotFilterOf,
  within,
  type SnapshotNarrowing,
  type SnapshotSpan,
} from "../model/snapshot_filter";
import { distinct } from "../model/snapshot_rows";
import { columnNear, nearestTo, stretchOf } from "../model/timeline";
import { Drawn, type Reach } from "./drawn.svelte";
import { Playback } from "./playback.svelte";
import { PAGE_ROWS, SnapshotList } from "./snapshot_list.svelte";
import type { StateSources } from "./sources.svelte";

/** Snapshots taken in one millisecond are fewer. */
const SAME_MOMENT_MAX = 20;

export class Snapshots {
  readonly list: SnapshotList;
  readonly drawn: Drawn;
  readonly playback: Playback;

  readonly #host: Host;
  readonly #sources: StateSources;
  readonly #nowMs: () => number;
  #narrowing = $state.raw<SnapshotNarrowing>(allOf(null));
  #from = $state.raw<Chosen | null>(null);
  #to = $state.raw<Chosen | null>(null);
  /** Whether it is settled whose snapshots are listed. */
  #isSourceChosen = false;
  /** What was known of the sources when the list was read. */
  #known = "";
  /** What is chosen while an earlier choice is looked up makes that worthless. */
  #choice = 0;
  /** Whether the comparison was not chosen by a person. */
  #isUnasked = false;
  /** Whether a person chose A, which then stays when they choose another B. */
  #isFromKept = $state(false);
  /** Whether the list is to hold still: the pointer or the keyboard is in it. */
  #isHeld = false;

  constructor(host: Host, sources: StateSources, nowMs: () => number = Date.now) {
    this.#host = host;
    this.#sources = sources;
    this.#nowMs = nowMs;
    this.list = new SnapshotList(host);
    this.drawn = new Drawn(host, this.list, () => this.#to);
    this.playback = new Playback(
      () => this.step(1),
      () => this.openAt((this.total ?? 0) - 1),
    );
  }

  // What is compared.

  /** A: the state before; `null` if nothing is chosen, or there is nothing before B. */
  get from(): StateAt | null {
    return stateOf(this.#from);
  }

  /** B: the state after. */
  get to(): StateAt | null {
    return stateOf(this.#to);
  }

  /** The snapshot that A is; `null` if it is the state that a source has. */
  get fromSnapshot(): Snapshot | null {
    return snapshotOf(this.#from);
  }

  get toSnapshot(): Snapshot | null {
    return snapshotOf(this.#to);
  }

  /** Those of the two that are snapshots, A first. */
  get compared(): Snapshot[] {
    return [this.fromSnapshot, this.toSnapshot].filter((snapshot) => snapshot !== null);
  }

  /** Whose states are compared. */
  get source(): string | null {
    return sourceOf(this.#to) ?? sourceOf(this.#from);
  }

  /** Whether the user chose A, so that it stays when another B is chosen. */
  get isFromKept(): boolean {
    return this.#isFromKept;
  }

  /** When the state that is compared as Now was reported; `null` if Now is not compared. */
  get nowAtMs(): number | null {
    const now = [this.#to, this.#from].find((chosen) => chosen?.kind === "now");
    return this.#sources.get(sourceOf(now ?? null))?.atMs ?? null;
  }

  // What is listed.

  get narrowing(): SnapshotNarrowing {
    return this.#narrowing;
  }

  /** How many are listed; `null` until that is known. */
  get total(): number | null {
    return this.list.total;
  }

  /** Why something could not be read. */
  get failure(): Failure | null {
    return this.list.failure ?? this.drawn.failure;
  }

  /** The source in the list whose state can be compared as Now. */
  get sourceNow(): StateSource | null {
    const source = this.#sources.get(this.#narrowing.source);
    return source && (source.atMs !== null || source.isDamaged) ? source : null;
  }

  /** Whether a text is looked for, which may take a while. */
  get isSearching(): boolean {
    return this.list.isReplacing && this.#narrowing.text.trim() !== "";
  }

  /** The place of B from the latest; `null` if it is not among the rows that were read. */
  get toIndex(): number | null {
    return this.toSnapshot && this.list.indexOf(this.toSnapshot.id);
  }

  /** Keeps up with what is announced, until the returned function is called. */
  start(): () => void {
    const stop = this.#sources.start(() => untrack(() => this.#onSources()));
    return () => {
      this.playback.pause();
      stop();
    };
  }

  /** Lists something else. What is shown stays until the answer. */
  narrow(narrowing: SnapshotNarrowing): void {
    const isOther = narrowing.source !== this.#narrowing.source;
    this.#isSourceChosen = true;
    this.#narrowing = narrowing;
    this.playback.pause();
    if (isOther) this.#choose(null, null);
    void this.#show();
  }

  /** Lists another source. What was searched for in the one before is not meant for it. */
  showSource(source: string | null): void {
    this.narrow({ ...allOf(source), span: this.#narrowing.span });
  }

  showSpan(span: SnapshotSpan): void {
    this.drawn.reach = "near";
    this.narrow({ ...this.#narrowing, span });
  }

  /** Draws less of the time, or all of it, and lists all of it. */
  showReach(reach: Reach): void {
    if (this.#narrowing.span.kind === "any") {
      this.drawn.show(reach);
    } else {
      this.drawn.reach = reach;
      this.narrow({ ...this.#narrowing, span: { kind: "any" } });
    }
  }

  /** Reads again what could not be read. */
  retry(): void {
    void this.#sources.refresh();
  }

  /** Numbers of everything listed, read for as long as `goesOn`; else `null`. */
  async listedIds(goesOn: (read: number) => boolean): Promise<number[] | null> {
    const { filter } = this.list;
    const ids: number[] = [];
    for (let offset = 0; ; offset += PAGE_ROWS) {
      const { snapshots, total } = await this.#host.snapshots(filter, offset, PAGE_ROWS);
      ids.push(...snapshots.map(({ id }) => id));
      if (!goesOn(ids.length)) return null;
      // A row that moved to the next page in the meantime is in both.
      if (offset + PAGE_ROWS >= total) return distinct(ids);
    }
  }

  /** Updates the label of a snapshot everywhere it is shown. */
  renew(snapshot: Snapshot): void {
    this.list.renew(snapshot);
    this.#from = renewed(this.#from, snapshot);
    this.#to = renewed(this.#to, snapshot);
  }

  /** Holds the list still: new snapshots are counted, and listed once it is released. */
  hold(isHeld: boolean): void {
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    if (!isHeld && this.list.waiting > 0) void this.showNewer();
  }

  /** Lists what is new, though the list is held still. */
  async showNewer(): Promise<void> {
    await this.#read(false);
  }

  // Choosing.

  /**
   * Compares a snapshot with A if a person chose that, else with the one of its source before it.
   */
  async open(snapshot: Snapshot): Promise<void> {
    const kept = this.#isFromKept ? this.#from : null;
    if (kept === null || snapshotOf(kept)?.id === snapshot.id) await this.openAlone(snapshot);
    else this.#choose(kept, ofSnapshot(snapshot), true);
  }

  /** Compares a snapshot with the one of its source before it. */
  async openAlone(snapshot: Snapshot): Promise<void> {
    const choice = ++this.#choice;
    const before = await this.#before(snapshot);
    if (choice === this.#choice) this.#choose(before && ofSnapshot(before), ofSnapshot(snapshot));
  }

  /** Compares two snapshots. */
  compare(from: Snapshot, to: Snapshot): void {
    this.playback.pause();
    this.#choose(ofSnapshot(from), ofSnapshot(to));
  }

  /**
   * Compares the state that a source has with A if a person chose that, else its latest snapshot.
   */
  async openNow(source: string): Promise<void> {
    const choice = ++this.#choice;
    if (this.#isFromKept && this.#from?.kind === "snapshot") {
      this.#choose(this.#from, { kind: "now", source }, true);
      return;
    }
    const [latest] = await this.list.find({ source }, 1);
    if (choice !== this.#choice) return;
    this.#choose(latest ? ofSnapshot(latest) : null, { kind: "now", source });
  }

  /** Makes a snapshot A, and leaves B. A then stays, until it is chosen once more. */
  setFrom(snapshot: Snapshot): void {
    this.playback.pause();
    const isOnceMore = this.#isFromKept && this.fromSnapshot?.id === snapshot.id;
    if (isOnceMore) this.releaseFrom();
    else this.#choose(ofSnapshot(snapshot), this.#to, true);
  }

  /** Has A be the one before B again when another B is chosen. */
  releaseFrom(): void {
    this.#isFromKept = false;
  }

  /** Makes the state that a source has A, and leaves B. */
  setFromNow(source: string): void {
    this.playback.pause();
    this.#choose({ kind: "now", source }, this.#to, true);
  }

  compareWithNow(snapshot: Snapshot): void {
    this.playback.pause();
    this.#choose(ofSnapshot(snapshot), { kind: "now", source: snapshot.source });
  }

  /** Makes A of B, and B of A. */
  swap(): void {
    this.#choose(this.#to, this.#from);
  }

  /** Compares the snapshot nearest to a moment with the one before it. */
  async openNear(atMs: number): Promise<void> {
    const { timeline } = this.drawn;
    const column = timeline && columnNear(timeline, atMs);
    if (timeline === null || column === null) return;
    this.playback.pause();
    const { fromMs, toMs } = stretchOf(timeline, column);
    const times = { sinceMs: Math.floor(fromMs), untilMs: Math.ceil(toMs) };
    const nearest = nearestTo(
      await this.list.find(within(this.list.filter, times), PAGE_ROWS),
      atMs,
    );
    if (nearest) await this.open(nearest);
  }

  /**
   * Goes to a later snapshot of the list, or to an earlier one. Resolves to whether there is one.
   */
  async step(by: number): Promise<boolean> {
    const { toSnapshot: snapshot, total } = this;
    // Now comes after the latest.
    const place = snapshot ? await this.list.place(snapshot) : { above: -1, below: 0 };
    const wanted = by > 0 ? place.above - by + 1 : place.below - by - 1;
    return this.openAt(Math.max(0, Math.min(wanted, (total ?? 0) - 1)));
  }

  /** Compares the snapshot `index` places from the latest. Resolves to whether it is another one. */
  async openAt(index: number): Promise<boolean> {
    const snapshot = await this.list.read(index);
    if (snapshot === null || snapshot.id === this.toSnapshot?.id) return false;
    await this.open(snapshot);
    return true;
  }

  /** The previous snapshot of the same source, even if the list does not show it. */
  async #before({ source, atMs, id }: Snapshot): Promise<Snapshot | null> {
    const found = await this.list.find({ source, untilMs: atMs + 1 }, SAME_MOMENT_MAX);
    return found[found.findIndex((each) => each.id === id) + 1] ?? null;
  }

  #choose(from: Chosen | null, to: Chosen | null, isFromKept = false): void {
    this.#choice += 1;
    this.#isUnasked = false;
    this.#isFromKept = isFromKept;
    this.#from = from;
    this.#to = to;
    this.drawn.follow();
  }

  async #chooseLatest(): Promise<void> {
    const latest = this.list.at(0);
    // The very first snapshot has nothing to be compared with: where nobody chose it, the next
    // one takes its place.
    const isFirst = this.#isUnasked && this.#from === null;
    if (!latest || (this.#to !== null && !isFirst)) return;
    await this.open(latest);
    this.#isUnasked = true;
  }

  // Keeping up.

  /** The sources were read: the list is what is to be looked at next. */
  #onSources(): void {
    if (this.#sources.list === null) return;
    const { source } = this.#narrowing;
    const isGone = source !== null && this.#sources.get(source) === undefined;
    if (!this.#isSourceChosen || isGone) {
      this.#narrowing = { ...this.#narrowing, source: this.#sources.latest?.name ?? null };
      if (isGone) this.#choose(null, null);
    }
    const isUnread = this.list.total === null || this.failure !== null;
    void (isUnread || isGone || this.#narrowing.source !== source ? this.#show() : this.#reload());
  }

  async #show(): Promise<void> {
    this.#known = this.#signature();
    if (!(await this.list.show(this.#filter()))) return;
    // Of a source that reported since the sources were read, nothing is known yet.
    this.#isSourceChosen ||= this.#narrowing.source !== null && (this.list.total ?? 0) > 0;
    this.drawn.startAnew();
    await this.#chooseLatest();
    await this.drawn.draw();
  }

  async #reload(): Promise<void> {
    const signature = this.#signature();
    // Looking for a text is dear: not for a change of a state that no snapshot has yet.
    const isSearch = this.#narrowing.text.trim() !== "";
    if (this.list.isReplacing || (isSearch && signature === this.#known)) return;
    this.#known = signature;
    await this.#read();
  }

  async #read(isHeld = this.#isHeld): Promise<void> {
    if (!(await this.list.reload(this.#filter(), isHeld))) return;
    await this.#checkChosen();
    await this.#chooseLatest();
    await this.drawn.draw();
  }

  /** Updates the labels of the chosen ones, and drops those that were removed. */
  async #checkChosen(): Promise<void> {
    const { fromSnapshot, toSnapshot } = this;
    const choice = this.#choice;
    const [from, to] = [await this.#findAgain(fromSnapshot), await this.#findAgain(toSnapshot)];
    if (choice !== this.#choice || this.list.failure !== null) return;
    for (const snapshot of [from, to]) if (snapshot) this.renew(snapshot);
    if (toSnapshot && to === null) this.#choose(null, null);
    if (this.#to === null) await this.#chooseLatest();
    else if (fromSnapshot && from === null) await this.#replaceFrom();
  }

  async #findAgain(snapshot: Snapshot | null): Promise<Snapshot | null> {
    if (snapshot === null) return null;
    const { source, atMs, id } = snapshot;
    const filter = { source, sinceMs: atMs, untilMs: atMs + 1 };
    const found = await this.list.find(filter, SAME_MOMENT_MAX);
    return found.find((each) => each.id === id) ?? null;
  }

  async #replaceFrom(): Promise<void> {
    const to = this.#to;
    if (to?.kind === "now") await this.openNow(to.source);
    else if (to) await this.open(to.snapshot);
  }

  #filter(): SnapshotFilter {
    return snapshotFilterOf(this.#narrowing, this.#nowMs());
  }

  #signature(): string {
    const known = this.#sources.list?.map(({ name, snapshots, lastSnapshotMs }) => [
      name,
      snapshots,
      lastSnapshotMs,
    ]);
    return JSON.stringify(known);
  }
}
