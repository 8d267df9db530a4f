/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/invariant.h"

#include <string.h>

#define GOOD_UPDATE (BP_AT_RETRY | BP_AT_FOLLOW_UP)

const struct bp_invariant_row bp_invariants[BP_INVARIANTS] = {
	[BP_INV_NO_UNKNOWN_CODE] = {"no-unknown-code",
		"Only bytes that are a known artifact are ever run.", "P-1 C-11", BP_AT_ANY_REST},
	[BP_INV_SLOT_OF_RUNNING_UNTOUCHED] = {"slot-of-running-untouched",
		"The slot of the running image is never programmed or erased.", "C-6", BP_AT_ANY_REST},
	[BP_INV_BOOTLOADER_UNTOUCHED] = {"bootloader-untouched",
		"The bootloader's bytes never change.", "C-6", BP_AT_ANY_REST},
	[BP_INV_NO_WRITE_OUTSIDE] = {"no-write-outside",
		"Only areas are written that the step under way may touch.", "C-6 C-16", BP_AT_ANY_REST},
	[BP_INV_FLASH_DISCIPLINE] = {"flash-discipline",
		"No program moves bits back, hits a weak unit, repeats too often or leaves the flash.", "C-19", BP_AT_ANY_REST},
	[BP_INV_REFUSES_BAD_UPDATE] = {"refuses-bad-update",
		"A bad update is refused at the latest where its scenario says, a wrong target before any write.", "C-3 C-4 C-9 C-10",
		BP_AT_STEPS},
	[BP_INV_NEVER_CONFIRMS_UNHEALTHY] = {"never-confirms-unhealthy",
		"An image that fails its health checks is never confirmed.", "C-12", BP_AT_STEPS | BP_AT_ANY_REST},
	[BP_INV_ACKNOWLEDGED_DURABLE] = {"acknowledged-durable",
		"What the device has acknowledged survives any later cut: no trial after a reported confirm.", "C-12 C-18", BP_AT_ANY_REST},
	[BP_INV_BOOTS_BOUNDED] = {"boots-bounded",
		"From power-on to rest there are at most as many boots as a trial has attempts, and one that gives up.", "C-5 C-12",
		BP_AT_STEPS | BP_AT_ANY_REST},
	[BP_INV_RECOVERS_IN_TIME] = {"recovers-in-time",
		"After power returns the device settles within the product's recovery budget.", "P-2 C-5",
		BP_AT_STEPS | BP_AT_LIVE | BP_AT_RECOVERY | BP_AT_BOOT},
	[BP_INV_COUNTER_NOT_ADVANCED] = {"counter-not-advanced-before-confirm",
		"Only a confirm raises the security counter: it is never above that of the running image.", "C-12 C-13",
		BP_AT_RECOVERY | GOOD_UPDATE},
	[BP_INV_ROLLBACK_INDEX_MONOTONIC] = {"rollback-index-monotonic",
		"The security counter never falls, and no image below it runs.", "C-13", BP_AT_RECOVERY | GOOD_UPDATE},
	[BP_INV_AUTHENTIC] = {"authentic",
		"The running image was released and is signed by the release key.", "C-9", BP_AT_RECOVERY | GOOD_UPDATE},
	[BP_INV_NO_SPURIOUS_FALLBACK] = {"no-spurious-fallback",
		"Once its trial was acknowledged, a good image gives way to the one before it only when power cuts took all attempts.", "C-12 P-2",
		BP_AT_RECOVERY},
	[BP_INV_BOOTS_ALLOWED_IMAGE] = {"boots-allowed-image",
		"The image that runs is one that this moment of the update allows.", "P-1 P-2 C-5", BP_AT_RECOVERY},
	[BP_INV_IMAGE_INTACT] = {"image-intact",
		"The running image stands in its slot bit for bit, with no weak bit.", "C-11", BP_AT_RECOVERY | GOOD_UPDATE},
	[BP_INV_STATE_REPAIRED] = {"state-repaired",
		"At rest both copies of the boot state are alike, and one of them at least is firm.", "C-14", BP_AT_RECOVERY | BP_AT_BOOT},
	[BP_INV_CONFIG_READABLE] = {"config-readable",
		"The running image reads the configuration that was stored last, whatever schema its writer had.", "C-16",
		BP_AT_RECOVERY | GOOD_UPDATE},
	[BP_INV_TRANSITIONS_IN_ORDER] = {"transitions-in-order",
		"The transitions told follow one another, and end in confirmed or rolled back.", "C-18", BP_AT_RECOVERY | GOOD_UPDATE},
	[BP_INV_REASON_REPORTED] = {"reason-reported",
		"The device reports a reason code that fits what happened.", "C-18 C-19", BP_AT_STEPS | BP_AT_LIVE | BP_AT_RECOVERY},
	[BP_INV_WEAR_BOUNDED] = {"wear-bounded",
		"An update erases no page, and all pages together, more often than the product allows.", "C-19", GOOD_UPDATE},
	[BP_INV_STABLE] = {"stable",
		"Further power cycles run the same image and write nothing.", "C-14", BP_AT_STEPS | BP_AT_BOOT},
	[BP_INV_SERVICE_KEPT] = {"service-kept",
		"While an update is loaded the running image leaves nobody without an answer for longer than the product's service budget.", "P-3",
		BP_AT_STEPS | GOOD_UPDATE},
	[BP_INV_RESUMES] = {"resumes",
		"An interrupted download resumes: at most one chunk and one page are sent again.", "C-15", BP_AT_RETRY},
	[BP_INV_TARGET_REACHED_ON_RETRY] = {"target-reached-on-retry",
		"The same update again succeeds: its image runs, confirmed and whole.", "C-20", BP_AT_RETRY},
	[BP_INV_UPDATABLE] = {"updatable",
		"A good follow-up update succeeds and is confirmed.", "C-20", BP_AT_STEPS | BP_AT_LIVE | BP_AT_FOLLOW_UP},
};

int bp_invariant_find(const char *name)
{
	for (int i = 0; i < BP_INVARIANTS; i++)
		if (!strcmp(bp_invariants[i].name, name))
			return i;
	return -1;
}
