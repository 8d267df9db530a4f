/* SPDX-License-Identifier: Apache-2.0 */
/* The report's style and script, as they stand in reports/page/ (built from the top folder). */
	.section .rodata
	.global bp_page_css, bp_page_css_end, bp_page_js, bp_page_js_end
bp_page_css:
	.incbin "reports/page/report.css"
bp_page_css_end:
bp_page_js:
	.incbin "reports/page/report.js"
bp_page_js_end:
	.section .note.GNU-stack, "", %progbits
