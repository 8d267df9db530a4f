/* SPDX-License-Identifier: Apache-2.0 */
/* bp_stack_switch(rdi: void **save, rsi: void *load), System V AMD64 ABI. */
#if defined(__x86_64__)
	.text
	.globl bp_stack_switch
	.type bp_stack_switch, @function
bp_stack_switch:
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, (%rdi)
	movq %rsi, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	ret
	.size bp_stack_switch, . - bp_stack_switch
#endif
	.section .note.GNU-stack, "", %progbits
