//go:build amd64 && !purego

#include "textflag.h"

// What the blocks are compared with.
DATA look<>+0(SB)/1, $'^'
DATA look<>+1(SB)/1, $'M'
DATA look<>+2(SB)/1, $' '
DATA look<>+3(SB)/1, $'\\'
DATA look<>+4(SB)/1, $'\n'
DATA look<>+5(SB)/1, $'&'
DATA look<>+6(SB)/1, $0x20
DATA look<>+7(SB)/1, $'e'
DATA look<>+8(SB)/1, $'x'
DATA look<>+9(SB)/1, $'d'
DATA look<>+10(SB)/1, $'r'
GLOBL look<>(SB), RODATA|NOPTR, $11

#define EACH(name, byte) \
	DATA name<>+0(SB)/8, byte; \
	DATA name<>+8(SB)/8, byte; \
	DATA name<>+16(SB)/8, byte; \
	DATA name<>+24(SB)/8, byte; \
	GLOBL name<>(SB), RODATA|NOPTR, $32

EACH(star, $0x2a2a2a2a2a2a2a2a)
EACH(bracket, $0x5b5b5b5b5b5b5b5b)
EACH(angle, $0x3c3c3c3c3c3c3c3c)
EACH(smallA, $0x6161616161616161)
EACH(smallC, $0x6363636363636363)
EACH(smallH, $0x6868686868686868)

// The text is taken in blocks of 64 bytes. What is left is looked at together with what stands before it, so that a block is full; of its bits
// those of the left bytes go into the last word.

// func caretBits(ends *uint64, p *byte, n int) (other uint64)
TEXT ·caretBits(SB), NOSPLIT, $0-32
	MOVQ ends+0(FP), DI
	MOVQ p+8(FP), SI
	MOVQ n+16(FP), DX
	VPBROADCASTB look<>+0(SB), Y0
	VPBROADCASTB look<>+1(SB), Y1
	VPBROADCASTB look<>+2(SB), Y2
	VPBROADCASTB look<>+3(SB), Y3
	VPXOR Y14, Y14, Y14 // whatever is escaped and is no line end
	MOVL $64, CX        // how many bytes of a block are new

carets:
	VMOVDQU  (SI), Y4
	VMOVDQU  32(SI), Y5
	VPCMPEQB 1(SI), Y1, Y8
	VPCMPEQB 33(SI), Y1, Y9
	VPCMPEQB 2(SI), Y2, Y10
	VPCMPEQB 34(SI), Y2, Y11
	VPCMPEQB Y4, Y0, Y6
	VPCMPEQB Y5, Y0, Y7
	VPCMPEQB Y4, Y3, Y4
	VPCMPEQB Y5, Y3, Y5
	VPAND    Y8, Y10, Y8
	VPAND    Y9, Y11, Y9
	VPANDN   Y6, Y8, Y10 // a caret, and no "M " behind it
	VPANDN   Y7, Y9, Y11
	VPAND    Y6, Y8, Y8
	VPAND    Y7, Y9, Y9
	VPOR     Y4, Y5, Y4
	VPOR     Y10, Y11, Y10
	VPOR     Y4, Y14, Y14
	VPOR     Y10, Y14, Y14
	VPMOVMSKB Y8, AX
	VPMOVMSKB Y9, BX
	SHLQ     $32, BX
	ORQ      BX, AX
	CMPQ     CX, $64
	JNE      carets_left
	MOVQ     AX, (DI)
	ADDQ     $64, SI
	ADDQ     $8, DI
	SUBQ     $64, DX
	CMPQ     DX, $64
	JGE      carets
	TESTQ    DX, DX
	JE       carets_done
	MOVQ     DX, CX
	LEAQ     -64(SI)(DX*1), SI
	JMP      carets

carets_left:
	MOVL     $64, BX
	SUBQ     CX, BX
	MOVQ     BX, CX
	SHRQ     CX, AX
	MOVQ     AX, (DI)

carets_done:
	VPMOVMSKB Y14, AX
	MOVQ     AX, other+24(FP)
	VZEROUPPER
	RET

// func newlineBits(ends *uint64, p *byte, n int)
TEXT ·newlineBits(SB), NOSPLIT, $0-24
	MOVQ ends+0(FP), DI
	MOVQ p+8(FP), SI
	MOVQ n+16(FP), DX
	VPBROADCASTB look<>+4(SB), Y0
	MOVL $64, CX

newlines:
	VPCMPEQB (SI), Y0, Y4
	VPCMPEQB 32(SI), Y0, Y5
	VPMOVMSKB Y4, AX
	VPMOVMSKB Y5, BX
	SHLQ     $32, BX
	ORQ      BX, AX
	CMPQ     CX, $64
	JNE      newlines_left
	MOVQ     AX, (DI)
	ADDQ     $64, SI
	ADDQ     $8, DI
	SUBQ     $64, DX
	CMPQ     DX, $64
	JGE      newlines
	TESTQ    DX, DX
	JE       newlines_done
	MOVQ     DX, CX
	LEAQ     -64(SI)(DX*1), SI
	JMP      newlines

newlines_left:
	MOVL     $64, BX
	SUBQ     CX, BX
	MOVQ     BX, CX
	SHRQ     CX, AX
	MOVQ     AX, (DI)

newlines_done:
	VZEROUPPER
	RET

// func plainBlocks(p *byte, n int) (high, ampersand uint64)
TEXT ·plainBlocks(SB), NOSPLIT, $0-32
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), CX
	VPBROADCASTB look<>+5(SB), Y0
	// The last 32 bytes first: the blocks need not come out even.
	VMOVDQU  -32(SI)(CX*1), Y2
	VPCMPEQB Y2, Y0, Y3
	SUBQ     $64, CX
	JL       plain_rest

plain:
	VMOVDQU  (SI), Y4
	VMOVDQU  32(SI), Y5
	VPOR     Y4, Y2, Y2
	VPOR     Y5, Y2, Y2
	VPCMPEQB Y4, Y0, Y4
	VPCMPEQB Y5, Y0, Y5
	VPOR     Y4, Y3, Y3
	VPOR     Y5, Y3, Y3
	ADDQ     $64, SI
	SUBQ     $64, CX
	JGE      plain

plain_rest:
	ADDQ     $32, CX
	JL       plain_done
	VMOVDQU  (SI), Y4
	VPOR     Y4, Y2, Y2
	VPCMPEQB Y4, Y0, Y4
	VPOR     Y4, Y3, Y3

plain_done:
	VPMOVMSKB Y2, AX
	VPMOVMSKB Y3, BX
	MOVQ     AX, high+16(FP)
	MOVQ     BX, ampersand+24(FP)
	VZEROUPPER
	RET

// func maskBlocks(p *byte, n int) (seen uint64)
TEXT ·maskBlocks(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), DX
	VPBROADCASTB look<>+6(SB), Y0 // the bit by which small letters differ from capitals
	VPBROADCASTB look<>+7(SB), Y1 // e
	VPBROADCASTB look<>+8(SB), Y2 // x
	VPBROADCASTB look<>+9(SB), Y3 // d
	VPBROADCASTB look<>+10(SB), Y15 // r
	VPXOR Y14, Y14, Y14

masks:
	VMOVDQU  (SI), Y4
	VPOR     1(SI), Y0, Y5 // the second character, in small letters
	VPOR     Y4, Y0, Y6    // the first

	VPCMPEQB star<>(SB), Y4, Y7
	VPOR     Y7, Y14, Y14

	VPCMPEQB Y1, Y5, Y8     // [e
	VPCMPEQB bracket<>(SB), Y4, Y7
	VPAND    Y7, Y8, Y7
	VPOR     Y7, Y14, Y14

	VPCMPEQB Y2, Y6, Y7     // xx
	VPCMPEQB Y2, Y5, Y8
	VPAND    Y7, Y8, Y7
	VPOR     Y7, Y14, Y14

	VPCMPEQB Y15, Y5, Y7    // <r, <h
	VPCMPEQB smallH<>(SB), Y5, Y8
	VPOR     Y7, Y8, Y7
	VPCMPEQB angle<>(SB), Y4, Y8
	VPAND    Y7, Y8, Y7
	VPOR     Y7, Y14, Y14

	VPCMPEQB Y1, Y6, Y7     // edac
	VPCMPEQB Y3, Y5, Y8
	VPAND    Y7, Y8, Y7
	VPOR     2(SI), Y0, Y8
	VPCMPEQB smallA<>(SB), Y8, Y8
	VPAND    Y7, Y8, Y7
	VPOR     3(SI), Y0, Y8
	VPCMPEQB smallC<>(SB), Y8, Y8
	VPAND    Y7, Y8, Y7
	VPOR     Y7, Y14, Y14

	ADDQ     $32, SI
	SUBQ     $32, DX
	CMPQ     DX, $32
	JGE      masks
	TESTQ    DX, DX
	JLE      masks_done
	LEAQ     -32(SI)(DX*1), SI
	MOVL     $32, DX // and that is the last: none is left behind it
	JMP      masks

masks_done:
	VPMOVMSKB Y14, AX
	MOVQ     AX, seen+16(FP)
	VZEROUPPER
	RET
