/* SPDX-License-Identifier: Apache-2.0 */
/* bp_stack_switch(x0: void **save, x1: void *load), AAPCS64. Return address in x30. */
#if defined(__aarch64__)
	.text
	.globl bp_stack_switch
	.type bp_stack_switch, %function
bp_stack_switch:
	sub sp, sp, #160
	stp d8, d9, [sp, #0]
	stp d10, d11, [sp, #16]
	stp d12, d13, [sp, #32]
	stp d14, d15, [sp, #48]
	stp x19, x20, [sp, #64]
	stp x21, x22, [sp, #80]
	stp x23, x24, [sp, #96]
	stp x25, x26, [sp, #112]
	stp x27, x28, [sp, #128]
	stp x29, x30, [sp, #144]
	mov x9, sp
	str x9, [x0]
	mov sp, x1
	ldp d8, d9, [sp, #0]
	ldp d10, d11, [sp, #16]
	ldp d12, d13, [sp, #32]
	ldp d14, d15, [sp, #48]
	ldp x19, x20, [sp, #64]
	ldp x21, x22, [sp, #80]
	ldp x23, x24, [sp, #96]
	ldp x25, x26, [sp, #112]
	ldp x27, x28, [sp, #128]
	ldp x29, x30, [sp, #144]
	add sp, sp, #160
	ret
	.size bp_stack_switch, . - bp_stack_switch
#endif
	.section .note.GNU-stack, "", %progbits
